#pragma once

// The C interface of plugins, versions 1 to 3: names, layouts and numbers as existing binaries have
// them. source: surfaces 9

#include <cstdarg>
#include <cstddef>

extern "C" {

struct x509_st;  // OpenSSL's X509

namespace adit::system::plugin_abi {

inline constexpr int interface_version = 3;  // most that a plugin may ask for
inline constexpr int struct_version = 5;     // of the structures of version 3
inline constexpr int ssl_openssl = 1;
inline constexpr unsigned known_types = 0xffff;

enum LogFlags : int {
  log_error = 1 << 0,
  log_warning = 1 << 1,
  log_note = 1 << 2,
  log_debug = 1 << 3,
  log_errno = 1 << 8,
  log_no_mute = 1 << 9,
};

// Made by the plugin with malloc, to be freed by us.
struct StringList {
  StringList* next;
  char* name;
  char* value;
};

struct Callbacks {
  void (*log)(int flags, const char* plugin, const char* format, ...);
  void (*vlog)(int flags, const char* plugin, const char* format, va_list arguments);
  void (*secure_memzero)(void* data, std::size_t size);
  int (*base64_encode)(const void* data, int size, char** text);
  int (*base64_decode)(const char* text, void* data, int size);
};

struct OpenIn {
  int type_mask;
  const char** argv;
  const char** envp;
  Callbacks* callbacks;
  int ssl_api;
  const char* version;
  unsigned version_major;
  unsigned version_minor;
  const char* version_patch;
};
struct OpenReturn {
  int type_mask;
  void* handle;
  StringList** return_list;
};

struct CallIn {
  int type;
  const char** argv;
  const char** envp;
  void* handle;
  void* client_context;
  int certificate_depth;
  x509_st* certificate;
};
struct CallReturn {
  StringList** return_list;
};

using Open1 = void*(unsigned* type_mask, const char** argv, const char** envp);
using Open2 = void*(unsigned* type_mask, const char** argv, const char** envp, StringList** list);
using Open3 = int(int version, const OpenIn* in, OpenReturn* out);
using Call1 = int(void* handle, int type, const char** argv, const char** envp);
using Call2 = int(void* handle, int type, const char** argv, const char** envp,
                  void* client_context, StringList** list);
using Call3 = int(int version, const CallIn* in, CallReturn* out);
using Close = void(void* handle);
using Construct = void*(void* handle);
using Destruct = void(void* handle, void* client_context);
using Number = int();

}  // namespace adit::system::plugin_abi

}  // extern "C"
