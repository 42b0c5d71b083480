/* A program in a room of its own. Two processes are made: the room's first, which stays to pass signals on and to bury
   the dead, and the program. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CPlatform.h"
#include "child.h"

#define JOIN_SESSION_KEYRING 1

struct request {
  const struct cplatform_spawn_plan *plan; /* NULL: only build the walls */
  const struct cplatform_room *room;
  unsigned long namespaces;
  uint32_t user, group; /* the agent's */
  int ends[2];          /* the report's: the parent reads the first, the child writes to the second */
};

/* [child] Never returns; without a failure, says that there was none. */
static void give_up(const struct request *request, uint32_t wall, int failed) {
  struct cplatform_child_report report = {(int32_t)wall, failed};
  ssize_t ignored = write(request->ends[1], &report, sizeof report);
  (void)ignored;
  _exit(127);
}

/* [child] As fork, without what a C library does around it. */
static pid_t copy_process(unsigned long namespaces) {
  return (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, 0, 0, 0, 0);
}

/* [child] */
static size_t write_number(char *text, uint32_t number) {
  char digits[10];
  size_t count = 0;
  do digits[count++] = (char)('0' + number % 10);
  while (number /= 10);
  for (size_t i = 0; i < count; i++) text[i] = digits[count - 1 - i];
  return count;
}

/* [child] Maps one number to itself: nobody else exists in the namespace, root included. */
static int write_map(const char *path, uint32_t number) {
  char text[32];
  size_t length = write_number(text, number);
  text[length++] = ' ';
  length += write_number(text + length, number);
  text[length++] = ' ';
  text[length++] = '1';
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return errno;
  int failed = write(file, text, length) == (ssize_t)length ? 0 : errno;
  close(file);
  return failed;
}

/* [child] The files of a process that may not be dumped are root's, so it must be dumpable for as long as this takes. */
static int map_users(const struct request *request) {
  if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)) return errno;
  int failed = 0;
  int file = open("/proc/self/setgroups", O_WRONLY | O_CLOEXEC);
  if (file >= 0) {
    if (write(file, "deny", 4) != 4) failed = errno;
    close(file);
  }
  if (!failed) failed = write_map("/proc/self/gid_map", request->group);
  if (!failed) failed = write_map("/proc/self/uid_map", request->user);
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) return errno;
  return failed;
}

/* [child] The namespace's own loopback, and nothing else. */
static int raise_loopback(void) {
  int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return errno;
  struct ifreq loopback;
  memset(&loopback, 0, sizeof loopback);
  loopback.ifr_name[0] = 'l';
  loopback.ifr_name[1] = 'o';
  loopback.ifr_flags = IFF_UP;
  int failed = ioctl(probe, SIOCSIFFLAGS, &loopback) ? errno : 0;
  close(probe);
  return failed;
}

/* [child] A limit that stands lower already stays. */
static int limit(int resource, uint64_t value) {
  struct rlimit now;
  if (getrlimit((__rlimit_resource_t)resource, &now)) return errno;
  if (now.rlim_max < value) value = now.rlim_max;
  struct rlimit wanted = {value, value};
  return setrlimit((__rlimit_resource_t)resource, &wanted) ? errno : 0;
}

/* [child] */
static int set_limits(const struct cplatform_room *room) {
  int failed = limit(RLIMIT_NOFILE, room->open_files);
  if (!failed) failed = limit(RLIMIT_NPROC, room->threads);
  if (!failed) failed = limit(RLIMIT_MEMLOCK, room->locked_bytes);
  if (!failed) failed = limit(RLIMIT_MSGQUEUE, 0);
  return failed;
}

/* [child] */
static int change_user(const struct cplatform_room *room) {
  if (syscall(SYS_setgroups, 0, NULL)) return errno;
  if (syscall(SYS_setresgid, room->group, room->group, room->group)) return errno;
  return syscall(SYS_setresuid, room->user, room->user, room->user) ? errno : 0;
}

/* [child] Builds the walls in the order in which they can be: who may not, later, must, first. */
static void build(const struct request *request) {
  const struct cplatform_room *room = request->room;
  int failed;
  if (request->namespaces & CLONE_NEWUSER && (failed = map_users(request))) give_up(request, CPLATFORM_WALL_FILES, failed);
  if (room->walls & CPLATFORM_WALL_NETWORK && (failed = raise_loopback()))
    give_up(request, CPLATFORM_WALL_NETWORK, failed);
  if (room->walls & CPLATFORM_WALL_PROCESSES) sethostname("room", 4);
  if (room->walls & CPLATFORM_WALL_FILES && (failed = cplatform_child_enter_view(room)))
    give_up(request, CPLATFORM_WALL_FILES, failed);
  syscall(SYS_keyctl, JOIN_SESSION_KEYRING, NULL); /* not the agent's; a kernel without keyrings has none to take */
  cplatform_child_empty_bounding_set();
  if (room->walls & CPLATFORM_WALL_USER && (failed = change_user(room))) give_up(request, CPLATFORM_WALL_USER, failed);
  if ((failed = set_limits(room))) give_up(request, 0, failed);
  if ((failed = cplatform_child_drop_privileges())) give_up(request, 0, failed);
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) give_up(request, 0, errno);
  if (room->walls & CPLATFORM_WALL_CALLS && (failed = cplatform_child_filter_calls()))
    give_up(request, CPLATFORM_WALL_CALLS, failed);
}

/* [child] Dies with the thread that made it. The pipe tells whether that happened before the kernel knew. */
static void follow_parent(const struct request *request) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL)) give_up(request, 0, errno);
  struct pollfd reader = {request->ends[1], 0, 0};
  if (poll(&reader, 1, 0) > 0) _exit(127);
}

/* [child] */
static void become_program(const struct request *request) {
  const struct cplatform_spawn_plan *plan = request->plan;
  umask(027);
  if (plan->directory && chdir(plan->directory)) give_up(request, 0, errno);
  give_up(request, 0, cplatform_child_execute(plan));
}

/* [child] Passes signals to the program's group until the program ends, and ends as it did; the kernel ends the rest. */
static void stand_by(pid_t program) {
  sigset_t all;
  sigfillset(&all);
  while (true) {
    int number = sigwaitinfo(&all, NULL);
    if (number > 0 && number != SIGCHLD) kill(-program, number);
    int raw = 0;
    pid_t ended;
    while ((ended = waitpid(-1, &raw, WNOHANG)) > 0)
      if (ended == program) _exit(WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw));
  }
}

/* [child] */
static void run_first(struct request *request) {
  close(request->ends[0]); /* or the poll of follow_parent would see this process as the reader */
  cplatform_child_reset_signals();
  if (setsid() < 0) give_up(request, 0, errno);
  build(request);
  follow_parent(request);
  if (!request->plan) give_up(request, 0, 0);
  int failed = cplatform_child_place_streams(request->plan);
  if (failed) give_up(request, 0, failed);
  if (!(request->room->walls & CPLATFORM_WALL_PROCESSES)) become_program(request);
  pid_t program = copy_process(0);
  if (program < 0) give_up(request, 0, errno);
  if (program == 0) {
    if (setsid() < 0) give_up(request, 0, errno);
    become_program(request);
  }
  for (int stream = 0; stream < 3; stream++) close(stream);
  syscall(SYS_close_range, 3U, ~0U, 0);
  stand_by(program);
}

static unsigned long namespaces_of(uint32_t walls) {
  unsigned long wanted = 0;
  if (walls & CPLATFORM_WALL_NETWORK) wanted |= CLONE_NEWNET;
  if (walls & CPLATFORM_WALL_FILES) wanted |= CLONE_NEWNS;
  if (walls & CPLATFORM_WALL_PROCESSES) wanted |= CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS;
  return wanted;
}

/* Without the right to make namespaces, in a user namespace, which gives it. There a process stays who it is. */
static pid_t start_first(struct request *request) {
  request->namespaces = namespaces_of(request->room->walls);
  pid_t child = copy_process(request->namespaces);
  if (child < 0 && errno == EPERM && request->namespaces && !(request->room->walls & CPLATFORM_WALL_USER)) {
    request->namespaces |= CLONE_NEWUSER;
    child = copy_process(request->namespaces);
  }
  if (child == 0) run_first(request);
  return child;
}

/* The wall to name when the namespaces as a whole are refused: the first of those asked for. */
static int32_t first_wall(uint32_t walls) {
  for (uint32_t wall = 1; wall; wall <<= 1)
    if (walls & wall && namespaces_of(wall)) return (int32_t)wall;
  return 0;
}

int32_t cplatform_spawn_in_room(const struct cplatform_spawn_plan *plan, const struct cplatform_room *room, int32_t *wall) {
  struct request request = {plan, room, 0, geteuid(), getegid(), {-1, -1}};
  int failed = cplatform_open_report(request.ends);
  if (failed) return -failed;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_t child = start_first(&request);
  failed = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(request.ends[1]);
  *wall = child < 0 ? first_wall(room->walls) : 0;
  int32_t result = child < 0 ? -failed : cplatform_first_report(request.ends[0], child, wall);
  close(request.ends[0]);
  return result;
}
