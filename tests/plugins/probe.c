/* A plugin that writes down what it is told, and answers as its arguments want it to.
 *
 *     plugin probe.so FILE [WORD=VALUE...]
 *
 * FILE gets a line for each thing told: "call NAME", "arg ...", "env ...", and "end". The words:
 *
 *     only=EVENT       it wants this one (may be repeated); all, without the word
 *     EVENT=0|1|2      its answer: yes, no, later; yes, without the word
 *     hang=EVENT       never answers to this one
 *     hanguser=NAME    but only about this user
 *     late=0|1         what it writes into auth_control_file half a second after "later"
 *     reason=TEXT      what it writes into auth_failed_reason_file before that
 *     pending=TEXT     what it writes into auth_pending_file at once
 *     turns=N          how often it says "later" again, asked for a deferred client-connect
 *     config=TEXT      a client's configuration; of one that is opened first: lines of the whole one
 *     open=no          it refuses to be opened
 *     fork=FILE        when it is opened, a child writes its blocked signals there, and one logs
 *
 * In TEXT, '|' ends a line. It is compiled with API=1, 2 or 3; with POINT=n it has a moment for its
 * opening, with NEEDS=n a least version, and with BROKEN it lacks a symbol.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interface.h"

#ifndef API
#define API 3
#endif

struct probe {
  FILE* file;
  const char** argv; /* goes on looking at them, as others do */
  unsigned events;
  int answer[event_count];
  int hang;
  int turns, turns_left;
  int contexts;
  char *late, *reason, *pending, *config, *fork, *hang_user;
};

/* ---- what it writes down ---- */

static void note(struct probe* self, const char* kind, const char* text) {
  fprintf(self->file, "%s ", kind);
  for (; *text; ++text) {
    if (*text == '\n')
      fputs("\\n", self->file);
    else
      fputc(*text, self->file);
  }
  fputc('\n', self->file);
}

static void note_number(struct probe* self, const char* kind, long number) {
  fprintf(self->file, "%s %ld\n", kind, number);
}

static void note_call(struct probe* self, const char* name, const char** argv, const char** envp) {
  note(self, "call", name);
  for (; argv && *argv; ++argv) note(self, "arg", *argv);
  for (; envp && *envp; ++envp) note(self, "env", *envp);
}

static void note_end(struct probe* self) {
  fputs("end\n", self->file);
  fflush(self->file);
}

/* ---- its arguments ---- */

static void take_word(struct probe* self, const char* word) {
  const char* value = strchr(word, '=');
  if (!value) return;
  ++value;
  if (!strncmp(word, "only=", 5)) self->events |= 1u << atoi(value);
  if (!strncmp(word, "hang=", 5)) self->hang = atoi(value);
  if (!strncmp(word, "hanguser=", 9)) self->hang_user = strdup(value);
  if (!strncmp(word, "turns=", 6)) self->turns = atoi(value);
  if (!strncmp(word, "late=", 5)) self->late = strdup(value);
  if (!strncmp(word, "reason=", 7)) self->reason = strdup(value);
  if (!strncmp(word, "pending=", 8)) self->pending = strdup(value);
  if (!strncmp(word, "config=", 7)) self->config = strdup(value);
  if (!strncmp(word, "fork=", 5)) self->fork = strdup(value);
  if (*word >= '0' && *word <= '9') self->answer[atoi(word) % event_count] = atoi(value);
}

static void fill(const char* path, const char* text) {
  FILE* file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  for (; *text; ++text) fputc(*text == '|' ? '\n' : *text, file);
  fclose(file);
}

static void fork_child(const char* path) {
  const pid_t child = fork();
  if (child == 0) {
    char command[256];
    snprintf(command, sizeof command, "grep SigBlk /proc/self/status > '%s'", path);
    execl("/bin/sh", "sh", "-c", command, (char*)NULL);
    _exit(1);
  }
  if (child > 0) waitpid(child, NULL, 0);
}

static struct probe* open_probe(const char** argv, const char** envp) {
  struct probe* self = calloc(1, sizeof *self);
  self->hang = -1;
  self->file = argv[1] ? fopen(argv[1], "a") : NULL;
  int refuses = !self->file;
  for (const char** word = argv + 2; !refuses && *word; ++word) {
    take_word(self, *word);
    refuses = !strcmp(*word, "open=no");
  }
  if (refuses) {
    if (self->file) fclose(self->file);
    free(self);
    return NULL;
  }
  self->argv = argv;
  if (!self->events) self->events = all_events;
  if (self->fork) fork_child(self->fork);
  note_call(self, "open", argv, envp);
  return self;
}

/* ---- its answers ---- */

static const char* value_of(const char* name, const char** envp) {
  const size_t length = strlen(name);
  for (; envp && *envp; ++envp)
    if (!strncmp(*envp, name, length) && (*envp)[length] == '=') return *envp + length + 1;
  return NULL;
}

struct late_answer {
  char path[512];
  const char* text;
};

static void* answer_late(void* argument) {
  struct late_answer* answer = argument;
  usleep(500000);
  fill(answer->path, answer->text);
  free(answer);
  return NULL;
}

static void begin_late_answer(struct probe* self, const char** envp) {
  const char* path = value_of("auth_control_file", envp);
  if (self->reason) fill(value_of("auth_failed_reason_file", envp), self->reason);
  if (self->pending) fill(value_of("auth_pending_file", envp), self->pending);
  if (!self->late || !path) return;
  struct late_answer* answer = calloc(1, sizeof *answer);
  snprintf(answer->path, sizeof answer->path, "%s", path);
  answer->text = self->late;
  pthread_t thread;
  if (pthread_create(&thread, NULL, answer_late, answer) == 0) pthread_detach(thread);
}

static void give(struct probe* self, const char** argv, struct string_list** list) {
  if (!self->config) return;
  if (!list) return fill(argv && argv[0] ? argv[1] : NULL, self->config);
  struct string_list* item = calloc(1, sizeof *item);
  item->name = strdup("config");
  item->value = strdup(self->config);
  for (char* at = item->value; *at; ++at)
    if (*at == '|') *at = '\n';
  *list = item;
}

static int answer(struct probe* self, int event, const char** argv, const char** envp,
                  struct string_list** list) {
  const int first = event == event_connect || event == event_connect_v2;
  const int again = event == event_connect_defer || event == event_connect_defer_v2;
  const int result = self->answer[event];
  const char* user = value_of("username", envp);
  const int hangs = !self->hang_user || (user && !strcmp(user, self->hang_user));
  while (event == self->hang && hangs) pause();
  if (event == event_auth && result == answer_later) begin_late_answer(self, envp);
  if (first) self->turns_left = self->turns;
  if (again && self->turns_left-- > 0) return answer_later;
  if ((first || again) && result == answer_yes) give(self, argv, list);
  return result;
}

static void begin_call(struct probe* self, int event, const char** argv, const char** envp,
                       void* context) {
  char name[16];
  snprintf(name, sizeof name, "%d", event);
  note_call(self, name, argv, envp);
  if (context) note_number(self, "context", *(int*)context);
}

/* ---- what is called from outside ---- */

#ifdef POINT
int openvpn_plugin_select_initialization_point_v1(void) { return POINT; }
#endif
#ifdef NEEDS
int openvpn_plugin_min_version_required_v1(void) { return NEEDS; }
#endif

#ifndef BROKEN
void openvpn_plugin_close_v1(void* handle) {
  struct probe* self = handle;
  note(self, "call", "close");
  note(self, "file", self->argv[1]);
  note_end(self);
  fclose(self->file);
  free(self);
}
#endif

void openvpn_plugin_abort_v1(void* handle) {
  if (!handle) return;
  note(handle, "call", "abort");
  note_end(handle);
}

void* openvpn_plugin_client_constructor_v1(void* handle) {
  struct probe* self = handle;
  int* context = malloc(sizeof *context);
  *context = ++self->contexts;
  note(self, "call", "constructor");
  note_number(self, "context", *context);
  note_end(self);
  return context;
}

void openvpn_plugin_client_destructor_v1(void* handle, void* context) {
  note(handle, "call", "destructor");
  note_number(handle, "context", *(int*)context);
  note_end(handle);
  free(context);
}

#if API == 1
void* openvpn_plugin_open_v1(unsigned* events, const char** argv, const char** envp) {
  struct probe* self = open_probe(argv, envp);
  if (!self) return NULL;
  note_end(self);
  *events = self->events;
  return self;
}

int openvpn_plugin_func_v1(void* handle, int event, const char** argv, const char** envp) {
  begin_call(handle, event, argv, envp, NULL);
  note_end(handle);
  return answer(handle, event, argv, envp, NULL);
}
#elif API == 2
void* openvpn_plugin_open_v2(unsigned* events, const char** argv, const char** envp,
                             struct string_list** list) {
  struct probe* self = open_probe(argv, envp);
  if (!self) return NULL;
  note_number(self, "list", list != NULL);
  note_end(self);
  *events = self->events;
  return self;
}

int openvpn_plugin_func_v2(void* handle, int event, const char** argv, const char** envp,
                           void* context, struct string_list** list) {
  begin_call(handle, event, argv, envp, context);
  note_number(handle, "list", list != NULL);
  note_end(handle);
  return answer(handle, event, argv, envp, list);
}
#else
static void use_callbacks(struct probe* self, const struct callbacks* ours) {
  char secret[16] = "secret", back[16] = "";
  char* text = NULL;
  const int size = ours->encode("Hello", 5, &text);
  fprintf(self->file, "encoded %d %s\n", size, text ? text : "-");
  const int length = ours->decode(text ? text : "", back, sizeof back);
  fprintf(self->file, "decoded %d %.5s\n", length, back);
  fprintf(self->file, "too long %d\n", ours->decode("SGVsbG8=", back, 3));
  free(text);
  ours->zero(secret, sizeof secret);
  fprintf(self->file, "wiped %d\n", !secret[0] && !secret[5]);
  ours->log(log_note, "probe", "a note, %d", 7);
  ours->log(log_warning, "probe", "a warning");
  ours->log(log_error, "probe", "an error");
  ours->log(log_debug, "probe", "for debugging");
}

static void log_in_child(const struct callbacks* ours) {
  const pid_t child = fork();
  if (child == 0) {
    ours->log(log_note, "probe", "from a child");
    _exit(0);
  }
  if (child > 0) waitpid(child, NULL, 0);
}

int openvpn_plugin_open_v3(int version, const struct open_in* in, struct open_out* out) {
  struct probe* self = open_probe(in->argv, in->envp);
  if (!self) return answer_no;
  note_number(self, "struct", version);
  note_number(self, "events", in->events);
  note_number(self, "ssl", in->ssl);
  fprintf(self->file, "version %s %u %u %s\n", in->version, in->major, in->minor, in->patch);
  note_number(self, "list", out->list != NULL);
  use_callbacks(self, in->callbacks);
  if (self->fork) log_in_child(in->callbacks);
  note_end(self);
  if (out->list) give(self, NULL, out->list);
  out->events = (int)self->events;
  out->handle = self;
  return answer_yes;
}

int openvpn_plugin_func_v3(int version, const struct call_in* in, struct call_out* out) {
  struct probe* self = in->handle;
  begin_call(self, in->event, in->argv, in->envp, in->context);
  note_number(self, "struct", version);
  note_number(self, "list", out->list != NULL);
  if (in->certificate) {
    char subject[256];
    X509_NAME_oneline(X509_get_subject_name(in->certificate), subject, sizeof subject);
    note(self, "certificate", subject);
    note_number(self, "depth", in->depth);
  }
  note_end(self);
  return answer(self, in->event, in->argv, in->envp, out->list);
}
#endif
