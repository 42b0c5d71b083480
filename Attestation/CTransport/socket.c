#include "CTransport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static ct_address from_sockaddr(const struct sockaddr_storage *storage) {
  ct_address address = {0};
  if (storage->ss_family == AF_INET) {
    const struct sockaddr_in *four = (const struct sockaddr_in *)storage;
    memcpy(address.bytes, &four->sin_addr, 4);
    address.count = 4;
    address.port = ntohs(four->sin_port);
  } else if (storage->ss_family == AF_INET6) {
    const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)storage;
    int mapped = IN6_IS_ADDR_V4MAPPED(&six->sin6_addr);
    address.count = mapped ? 4 : 16;
    memcpy(address.bytes, six->sin6_addr.s6_addr + (mapped ? 12 : 0), address.count);
    address.port = ntohs(six->sin6_port);
  }
  return address;
}

static int32_t bind_and_listen(const struct addrinfo *info, int32_t backlog) {
  int descriptor = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
  if (descriptor < 0) return -errno;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(descriptor, info->ai_addr, info->ai_addrlen) == 0 && listen(descriptor, backlog) == 0) return descriptor;
  int failure = errno;
  close(descriptor);
  return -failure;
}

int32_t ct_listen(const char *host, uint16_t port, int32_t backlog) {
  char service[8];
  snprintf(service, sizeof service, "%u", (unsigned)port);
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *list = NULL;
  if (getaddrinfo(host, service, &hints, &list) != 0 || !list) return -EADDRNOTAVAIL;
  int32_t result = -EADDRNOTAVAIL;
  for (const struct addrinfo *info = list; info && result < 0; info = info->ai_next) {
    result = bind_and_listen(info, backlog);
  }
  freeaddrinfo(list);
  return result;
}

int32_t ct_accept(int32_t listener, ct_address *peer) {
  struct sockaddr_storage storage = {0};
  int descriptor, one = 1;
  do {
    socklen_t size = sizeof storage;
    descriptor = accept4(listener, (struct sockaddr *)&storage, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
  } while (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (descriptor < 0) return -errno;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  *peer = from_sockaddr(&storage);
  return descriptor;
}

int32_t ct_local_address(int32_t descriptor, ct_address *local) {
  struct sockaddr_storage storage = {0};
  socklen_t size = sizeof storage;
  if (getsockname(descriptor, (struct sockaddr *)&storage, &size) != 0) return -errno;
  *local = from_sockaddr(&storage);
  return 0;
}

void ct_address_text(const ct_address *address, char out[46]) {
  out[0] = 0;
  inet_ntop(address->count == 4 ? AF_INET : AF_INET6, address->bytes, out, 46);
}

int32_t ct_spare_open(void) {
  int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  return descriptor >= 0 ? descriptor : -errno;
}

int32_t ct_is_descriptor_shortage(int32_t result) { return result == -EMFILE || result == -ENFILE; }

int32_t ct_is_nothing_waiting(int32_t result) { return result == -EAGAIN || result == -EWOULDBLOCK; }
