#include "cursor.h"

#define ECDSA_P256 2u
#define TEE_SGX 0u
#define TEE_TDX 0x81u
#define BODY_SGX 1u
#define CERTIFICATION_ENCLAVE 6u

static uint16_t take_u16(cursor *c) { return (uint16_t)take_little_endian(c, 2); }

/// The part of `c` up to `end`, from where `c` is. A broken cursor stays broken.
static cursor cursor_until(const cursor *c, size_t end) {
  return (cursor){.bytes = c->bytes, .count = end, .at = c->at, .broken = c->broken};
}

static tdx_quote_refusal take_header(cursor *c, tdx_quote *quote) {
  quote->version = take_u16(c);
  quote->key_type = take_u16(c);
  uint32_t tee_type = take_u32(c);
  take(c, 4);
  quote->vendor_id = take(c, 16);
  quote->user_data = take(c, 20);
  if (c->broken) return TDX_QUOTE_LENGTH;
  if (tee_type == TEE_SGX) return TDX_QUOTE_SGX;
  if (quote->version != 4 && quote->version != 5) return TDX_QUOTE_VERSION;
  if (quote->key_type != ECDSA_P256) return TDX_QUOTE_KEY_TYPE;
  return tee_type == TEE_TDX ? TDX_QUOTE_OK : TDX_QUOTE_TEE_TYPE;
}

/// The exact size of a body; zero for a type that is none of a TD's.
static uint32_t size_of_body(uint16_t type) {
  switch (type) {
    case 2: return 584;
    case 3: return 648;
    case 4: return 885;
    default: return 0;
  }
}

static tdx_quote_refusal take_descriptor(cursor *c, tdx_quote *quote) {
  quote->body_type = 2;
  if (quote->version == 4) return TDX_QUOTE_OK;
  quote->body_type = take_u16(c);
  uint32_t size = take_u32(c);
  if (c->broken) return TDX_QUOTE_LENGTH;
  if (quote->body_type == BODY_SGX) return TDX_QUOTE_SGX;
  if (size_of_body(quote->body_type) == 0) return TDX_QUOTE_BODY_TYPE;
  return size == size_of_body(quote->body_type) ? TDX_QUOTE_OK : TDX_QUOTE_BODY_SIZE;
}

static void take_body(cursor *c, uint16_t type, tdx_body *body) {
  body->tee_tcb_svn = take(c, 16);
  body->mr_seam = take(c, 48);
  body->mr_signer_seam = take(c, 48);
  body->seam_attributes = take(c, 8);
  body->td_attributes = take_u64(c);
  body->xfam = take_u64(c);
  body->mr_td = take(c, 48);
  body->mr_config_id = take(c, 48);
  body->mr_owner = take(c, 48);
  body->mr_owner_config = take(c, 48);
  for (int i = 0; i < 4; i++) body->rtmr[i] = take(c, 48);
  body->report_data = take(c, 64);
  if (type < 3) return;
  body->tee_tcb_svn2 = take(c, 16);
  body->mr_service_td = take(c, 48);
  // Partitioning, extended service TDs and the levels at creation of a migrated TD.
  if (type == 4) take(c, 885 - 648);
}

static void take_enclave(cursor *c, tdx_enclave_report *enclave) {
  cursor whole = *c;
  enclave->bytes = take(&whole, 384);
  enclave->cpu_svn = take(c, 16);
  enclave->misc_select = take(c, 4);
  take(c, 28);
  enclave->attributes = take(c, 16);
  enclave->mr_enclave = take(c, 32);
  take(c, 32);
  enclave->mr_signer = take(c, 32);
  take(c, 96);
  enclave->isv_prod_id = take_u16(c);
  enclave->isv_svn = take_u16(c);
  take(c, 60);
  enclave->report_data = take(c, 64);
}

/// From the enclave's report to the end of the outer certification data, which it must use up.
static tdx_quote_refusal take_certification(cursor *c, tdx_quote *quote) {
  take_enclave(c, &quote->enclave);
  quote->enclave_signature = take(c, 64);
  uint16_t authentication_size = take_u16(c);
  if (c->broken) return TDX_QUOTE_OUTER_SIZE;
  if (authentication_size > TDX_AUTHENTICATION_LIMIT) return TDX_QUOTE_AUTHENTICATION_SIZE;
  quote->authentication_data = take(c, authentication_size);
  if (c->broken) return TDX_QUOTE_AUTHENTICATION_SIZE;
  quote->certification_type = take_u16(c);
  uint32_t size = take_u32(c);
  if (c->broken || size != c->count - c->at) return TDX_QUOTE_INNER_SIZE;
  quote->certification_data = take(c, size);
  return TDX_QUOTE_OK;
}

static tdx_quote_refusal take_signature_data(cursor *c, tdx_quote *quote) {
  quote->signature = take(c, 64);
  quote->attestation_key = take(c, 64);
  uint16_t outer_type = take_u16(c);
  uint32_t outer_size = take_u32(c);
  if (c->broken) return TDX_QUOTE_SIGNATURE_DATA;
  if (outer_type != CERTIFICATION_ENCLAVE) return TDX_QUOTE_OUTER_TYPE;
  if (outer_size != c->count - c->at) return TDX_QUOTE_OUTER_SIZE;
  return take_certification(c, quote);
}

tdx_quote_refusal tdx_quote_find(const uint8_t *bytes, size_t count, tdx_quote *quote) {
  *quote = (tdx_quote){0};
  cursor c = cursor_over(bytes, count);
  tdx_quote_refusal refusal = take_header(&c, quote);
  if (refusal != TDX_QUOTE_OK) return refusal;
  if (count < TDX_QUOTE_MINIMUM_SIZE || count > TDX_QUOTE_LIMIT_SIZE) return TDX_QUOTE_LENGTH;
  refusal = take_descriptor(&c, quote);
  if (refusal != TDX_QUOTE_OK) return refusal;
  take_body(&c, quote->body_type, &quote->body);
  quote->signed_bytes = (evidence_range){0, (uint32_t)c.at};
  uint32_t size = take_u32(&c);
  if (c.broken || size > c.count - c.at) return TDX_QUOTE_SIGNATURE_DATA;
  cursor inner = cursor_until(&c, c.at + size);
  refusal = take_signature_data(&inner, quote);
  if (refusal != TDX_QUOTE_OK) return refusal;
  take(&c, size);
  quote->end = (uint32_t)c.at;
  return is_zero(bytes, take(&c, c.count - c.at)) ? TDX_QUOTE_OK : TDX_QUOTE_TRAILING;
}
