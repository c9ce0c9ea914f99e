#pragma once

/* The plugin interface, as a plugin sees it: what the tests' plugins need of it. */

#include <stdarg.h>
#include <stddef.h>

#include <openssl/x509.h>

enum event {
  event_auth = 5,
  event_connect = 6,
  event_connect_v2 = 9,
  event_connect_defer = 13,
  event_connect_defer_v2 = 14,
  event_count = 16,
};
enum { all_events = 0xffff & ~(1 << 11) };
enum { answer_yes = 0, answer_no = 1, answer_later = 2 };
enum { log_error = 1, log_warning = 2, log_note = 4, log_debug = 8, log_errno = 256 };

struct string_list {
  struct string_list* next;
  char* name;
  char* value;
};
struct callbacks {
  void (*log)(int flags, const char* plugin, const char* format, ...);
  void (*vlog)(int flags, const char* plugin, const char* format, va_list arguments);
  void (*zero)(void* data, size_t size);
  int (*encode)(const void* data, int size, char** text);
  int (*decode)(const char* text, void* data, int size);
};
struct open_in {
  int events;
  const char** argv;
  const char** envp;
  struct callbacks* callbacks;
  int ssl;
  const char* version;
  unsigned major, minor;
  const char* patch;
};
struct open_out {
  int events;
  void* handle;
  struct string_list** list;
};
struct call_in {
  int event;
  const char** argv;
  const char** envp;
  void* handle;
  void* context;
  int depth;
  X509* certificate;
};
struct call_out {
  struct string_list** list;
};
