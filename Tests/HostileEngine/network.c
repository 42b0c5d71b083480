#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "escapes.h"

/* A connection that is not there in a second is none: where packets go nowhere, nobody answers. */
static int connects(int family, const struct sockaddr *address, socklen_t size) {
  int number = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (number < 0) return errno;
  int failed = connect(number, address, size) ? errno : 0;
  if (failed == EINPROGRESS) {
    struct pollfd one = {number, POLLOUT, 0};
    socklen_t length = sizeof failed;
    failed = poll(&one, 1, 1000) == 1 && !getsockopt(number, SOL_SOCKET, SO_ERROR, &failed, &length) ? failed : ETIMEDOUT;
  }
  close(number);
  return failed;
}

static struct sockaddr_in place(const char *address, int port) {
  struct sockaddr_in found = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  inet_pton(AF_INET, address, &found.sin_addr);
  return found;
}

static int reaches(const char *address, int port) {
  struct sockaddr_in target = place(address, port);
  return connects(AF_INET, (struct sockaddr *)&target, sizeof target);
}

static int internet(const struct facts *facts) { return (void)facts, reaches("1.1.1.1", 443); }
static int metadata(const struct facts *facts) { return (void)facts, reaches("169.254.169.254", 80); }
static int loopback_port(const struct facts *facts) { return reaches("127.0.0.1", facts->port); }
static int guest_components(const struct facts *facts) { return reaches("127.0.0.1", facts->guest); }

static int name_server(const struct facts *facts) {
  (void)facts;
  int number = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (number < 0) return errno;
  struct sockaddr_in target = place("8.8.8.8", 53);
  int result = outcome(sendto(number, "?", 1, 0, (struct sockaddr *)&target, sizeof target));
  close(number);
  return result;
}

static int loopback_six(const struct facts *facts) {
  struct sockaddr_in6 target = {.sin6_family = AF_INET6, .sin6_port = htons((unsigned short)facts->port)};
  inet_pton(AF_INET6, "::ffff:127.0.0.1", &target.sin6_addr);
  return connects(AF_INET6, (struct sockaddr *)&target, sizeof target);
}

static int abstract_socket(const struct facts *facts) {
  struct sockaddr_un target = {.sun_family = AF_UNIX};
  size_t length = strlen(facts->abstract);
  memcpy(target.sun_path + 1, facts->abstract, length);
  return connects(AF_UNIX, (struct sockaddr *)&target, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length));
}

static int interfaces(const struct facts *facts) {
  (void)facts;
  struct ifaddrs *list = NULL;
  if (getifaddrs(&list)) return errno;
  int found = ENODEV;
  for (struct ifaddrs *one = list; one; one = one->ifa_next)
    if (strcmp(one->ifa_name, "lo")) found = ESCAPED;
  freeifaddrs(list);
  return found;
}

static int virtual_socket(const struct facts *facts) {
  (void)facts;
  return opened(socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0));
}
static int packet_socket(const struct facts *facts) { return (void)facts, opened(socket(AF_PACKET, SOCK_RAW, 0)); }
static int raw_socket(const struct facts *facts) { return (void)facts, opened(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); }
static int kernel_crypto(const struct facts *facts) { return (void)facts, opened(socket(AF_ALG, SOCK_SEQPACKET, 0)); }
static int audit_socket(const struct facts *facts) { return (void)facts, opened(socket(AF_NETLINK, SOCK_RAW, 9)); }

static int other_socket(const struct facts *facts) {
  struct sockaddr_un target = {.sun_family = AF_UNIX};
  snprintf(target.sun_path, sizeof target.sun_path, "%s", facts->other);
  return connects(AF_UNIX, (struct sockaddr *)&target, sizeof target);
}

const struct escape network_escapes[] = {
    {"internet", "network", internet},
    {"metadataService", "network", metadata},
    {"nameServer", "network", name_server},
    {"loopbackPort", "network", loopback_port},
    {"loopbackPortOverSix", "network", loopback_six},
    {"guestComponents", "network", guest_components},
    {"abstractSocket", "network", abstract_socket},
    {"interfaces", "network", interfaces},
    {"otherSocket", "files", other_socket},
    {"virtualSocket", "systemCalls", virtual_socket},
    {"kernelCrypto", "systemCalls", kernel_crypto},
    {"auditSocket", "systemCalls", audit_socket},
    {"packetSocket", "", packet_socket},
    {"rawSocket", "", raw_socket},
    {NULL, NULL, NULL},
};
