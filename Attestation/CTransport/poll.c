#include "CTransport.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static uint32_t to_epoll(uint32_t interest) {
  uint32_t events = 0;
  if (interest & ct_readable) events |= EPOLLIN;
  if (interest & ct_writable) events |= EPOLLOUT;
  if (interest & ct_half_closed) events |= EPOLLRDHUP;
  return events;
}

static uint32_t from_epoll(uint32_t events) {
  uint32_t ready = 0;
  if (events & EPOLLIN) ready |= ct_readable;
  if (events & EPOLLOUT) ready |= ct_writable;
  if (events & EPOLLRDHUP) ready |= ct_half_closed;
  if (events & (EPOLLHUP | EPOLLERR)) ready |= ct_hung_up;
  return ready;
}

static int32_t control(int32_t poll, int operation, int32_t descriptor, uint32_t interest, uint64_t token) {
  struct epoll_event event = {.events = to_epoll(interest), .data.u64 = token};
  return epoll_ctl(poll, operation, descriptor, &event) == 0 ? 0 : -errno;
}

int32_t ct_poll_open(void) {
  int descriptor = epoll_create1(EPOLL_CLOEXEC);
  return descriptor >= 0 ? descriptor : -errno;
}

int32_t ct_poll_add(int32_t poll, int32_t descriptor, uint32_t interest, uint64_t token) {
  return control(poll, EPOLL_CTL_ADD, descriptor, interest, token);
}

int32_t ct_poll_change(int32_t poll, int32_t descriptor, uint32_t interest, uint64_t token) {
  return control(poll, EPOLL_CTL_MOD, descriptor, interest, token);
}

int32_t ct_poll_remove(int32_t poll, int32_t descriptor) { return control(poll, EPOLL_CTL_DEL, descriptor, 0, 0); }

int32_t ct_poll_wait(int32_t poll, ct_event *events, int32_t capacity, int32_t milliseconds) {
  struct epoll_event found[256];
  if (capacity > 256) capacity = 256;
  int count = epoll_wait(poll, found, capacity, milliseconds);
  if (count < 0) return errno == EINTR ? 0 : -errno;
  for (int i = 0; i < count; i++) {
    events[i] = (ct_event){.token = found[i].data.u64, .ready = from_epoll(found[i].events)};
  }
  return count;
}

int32_t ct_wake_open(void) {
  int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  return descriptor >= 0 ? descriptor : -errno;
}

void ct_wake(int32_t descriptor) {
  uint64_t one = 1;
  // A full counter means that the wake-up is already due.
  ssize_t ignored = write(descriptor, &one, sizeof one);
  (void)ignored;
}

void ct_wake_clear(int32_t descriptor) {
  uint64_t count;
  ssize_t ignored = read(descriptor, &count, sizeof count);
  (void)ignored;
}

void ct_close(int32_t descriptor) { close(descriptor); }
