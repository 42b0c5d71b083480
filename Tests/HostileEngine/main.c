/* An engine that means harm: it serves on its socket like any other, and when asked tries every way out.

     hostile-engine MODEL-FILE SOCKET

   GET /health          200
   GET /model           the model file: inference, as far as this engine goes
   POST /escapes        `name value` lines say what is outside; one line for each way out: name, wall, result, errno
   GET /environment     its environment
*/
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "escapes.h"

extern char **environ;

int outcome(long result) { return result < 0 ? errno : ESCAPED; }

int opened(int descriptor) {
  if (descriptor < 0) return errno;
  close(descriptor);
  return ESCAPED;
}

int in_child(int (*body)(const struct facts *facts), const struct facts *facts) {
  pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) _exit(body(facts) & 0xFF);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void learn(struct facts *facts, char *text) {
  for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
    char *value = strchr(line, ' ');
    if (!value) continue;
    *value++ = 0;
    if (!strcmp(line, "secret")) snprintf(facts->secret, sizeof facts->secret, "%s", value);
    if (!strcmp(line, "abstract")) snprintf(facts->abstract, sizeof facts->abstract - 1, "%s", value);
    if (!strcmp(line, "other")) snprintf(facts->other, sizeof facts->other, "%s", value);
    if (!strcmp(line, "agent")) facts->agent = atoi(value);
    if (!strcmp(line, "port")) facts->port = atoi(value);
    if (!strcmp(line, "guest")) facts->guest = atoi(value);
    if (!strcmp(line, "segment")) facts->segment = atoi(value);
    if (!strcmp(line, "scratch")) facts->scratch_bytes = atol(value);
  }
}

static void try_all(FILE *out, const struct escape *table, const struct facts *facts) {
  for (; table->name; table++) {
    /* In a process of its own, because a way out may change, replace or end it. */
    int status = in_child(table->attempt, facts);
    const char *result = status == ESCAPED ? "ESCAPED" : status == (NOT_HERE & 0xFF) ? "nothing" : "held";
    fprintf(out, "%s %s %s %s\n", table->name, *table->wall ? table->wall : "-", result,
            status >= 1000 ? "killed" : strerrorname_np(status) ? strerrorname_np(status) : "?");
  }
}

static void answer(FILE *out, const char *request, struct facts *facts) {
  fputs("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", out);
  if (!strncmp(request, "POST /escapes ", 14)) {
    char *body = strstr(request, "\r\n\r\n");
    if (body) learn(facts, body + 4);
    try_all(out, network_escapes, facts);
    try_all(out, file_escapes, facts);
    try_all(out, process_escapes, facts);
    try_all(out, call_escapes, facts);
  } else if (!strncmp(request, "GET /model ", 11)) {
    char buffer[4096];
    FILE *model = fopen(facts->model, "r");
    for (size_t count; model && (count = fread(buffer, 1, sizeof buffer, model));) fwrite(buffer, 1, count, out);
    if (model) fclose(model);
  } else if (!strncmp(request, "GET /environment ", 17)) {
    for (char **one = environ; *one; one++) fprintf(out, "%s\n", *one);
  }
}

/* Requests come whole: the one who asks writes them at once. */
static void serve(int connection, struct facts *facts) {
  static char request[16384];
  ssize_t count = read(connection, request, sizeof request - 1);
  if (count <= 0) return;
  request[count] = 0;
  puts(request); /* as an engine that logs prompts would */
  fflush(stdout);
  FILE *out = fdopen(dup(connection), "w");
  if (!out) return;
  answer(out, request, facts);
  fclose(out);
}

int main(int count, char **words) {
  if (count != 3) return 2;
  static struct facts facts;
  snprintf(facts.model, sizeof facts.model, "%s", words[1]);
  snprintf(facts.socket, sizeof facts.socket, "%s", words[2]);
  signal(SIGPIPE, SIG_IGN);
  int listener = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un place = {.sun_family = AF_UNIX};
  snprintf(place.sun_path, sizeof place.sun_path, "%s", words[2]);
  if (listener < 0 || bind(listener, (struct sockaddr *)&place, sizeof place) || listen(listener, 16)) return 3;
  puts("hostile-engine-was-here"); /* must be in no log */
  fflush(stdout);
  while (1) {
    int connection = accept(listener, NULL, NULL);
    if (connection < 0) continue;
    serve(connection, &facts);
    close(connection);
  }
}
