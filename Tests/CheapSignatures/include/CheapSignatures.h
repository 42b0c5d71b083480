#ifndef CHEAP_SIGNATURES_H
#define CHEAP_SIGNATURES_H

// Stand-ins for the Ed25519 of CCrypto, put in its place by the linker (--wrap) in programs that make millions of
// signatures whose worth is not what they test: 64 bytes of SHA-256 over the message, the same under every key.
void cheap_signatures_are_linked(void);

#endif
