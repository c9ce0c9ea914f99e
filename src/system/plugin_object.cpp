#include "system/plugin_object.h"

#include <cstdlib>
#include <dlfcn.h>
#include <unistd.h>

#include "base/text.h"
#include "system/plugin_callbacks.h"
#include "system/plugin_certificate.h"

namespace adit::system {

namespace {

namespace abi = plugin_abi;

// The release whose interface this is: plugins ask whether it is new enough for them.
constexpr const char* release = "2.6.14";
constexpr unsigned release_major = 2;
constexpr unsigned release_minor = 6;
constexpr const char* release_patch = ".14";

constexpr unsigned bit_of(ports::PluginEvent event) { return 1U << static_cast<unsigned>(event); }

std::vector<std::string> lines_of(const PluginObject::Variables& variables) {
  std::vector<std::string> lines;
  lines.reserve(variables.size());
  for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
  return lines;
}

// What the plugin hands back, and the memory it lies in.
class ReturnList {
 public:
  ReturnList() = default;
  ~ReturnList() {
    while (head_ != nullptr) {
      abi::StringList* next = head_->next;
      std::free(head_->name);
      std::free(head_->value);
      std::free(head_);
      head_ = next;
    }
  }
  ReturnList(const ReturnList&) = delete;
  ReturnList& operator=(const ReturnList&) = delete;
  [[nodiscard]] abi::StringList** get() { return &head_; }

  [[nodiscard]] std::vector<std::string> named(std::string_view name) const {
    std::vector<std::string> found;
    for (const abi::StringList* one = head_; one != nullptr; one = one->next) {
      if (one->name != nullptr && one->value != nullptr && one->name == name) {
        found.emplace_back(one->value);
      }
    }
    return found;
  }

 private:
  abi::StringList* head_ = nullptr;
};

bool hands_back(ports::PluginEvent event) {
  return event == ports::PluginEvent::client_connect_v2 ||
         event == ports::PluginEvent::client_connect_defer_v2;
}

std::string last_error() {
  const char* text = dlerror();
  return text != nullptr ? text : "unknown error";
}

// Names and folders have changed over the years. Empty: it is not in the folder either.
std::string found_in(const std::string& folder, const std::string& name) {
  constexpr std::string_view old_prefix = "openvpn-";
  const std::string file = name.substr(name.rfind('/') + 1);
  std::vector<std::string> candidates{folder + "/" + file};
  if (file.starts_with(old_prefix)) {
    candidates.push_back(folder + "/openvpn-plugin-" + file.substr(old_prefix.size()));
  }
  for (const std::string& path : candidates) {
    if (access(path.c_str(), R_OK) == 0) return path;
  }
  return {};
}

}  // namespace

// An array of C strings with a null pointer at its end.
class PluginObject::Words {
 public:
  explicit Words(std::vector<std::string> texts) : texts_(std::move(texts)) {
    pointers_.reserve(texts_.size() + 1);
    for (const std::string& text : texts_) pointers_.push_back(text.c_str());
    pointers_.push_back(nullptr);
  }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;
  [[nodiscard]] const char** get() { return pointers_.data(); }

 private:
  std::vector<std::string> texts_;
  std::vector<const char*> pointers_;
};

std::string PluginObject::default_folder() { return ADIT_PLUGIN_FOLDER; }

tl::unexpected<Error> PluginObject::refuse(std::string what, std::string advice) const {
  std::string where = "plugin in " + settings_.where;
  if (!advice.empty()) where += ": " + advice;
  return fail_with({std::move(what), std::move(where)});
}

Result<std::unique_ptr<PluginObject>> PluginObject::load(PluginSettings settings,
                                                         const std::string& folder) {
  const std::string& name = settings.words.front();
  const bool elsewhere = !name.starts_with('/') && !name.starts_with('.');
  const std::string path = elsewhere ? folder + "/" + name : name;
  const InPlugin scope;  // its constructors run
  void* library = dlopen(path.c_str(), RTLD_NOW);
  std::unique_ptr<PluginObject> object(new PluginObject(std::move(settings), library));
  if (library == nullptr) {
    std::string what =
        "PLUGIN_INIT: could not load plugin shared object " + object->name() + ": " + last_error();
    std::string advice = elsewhere ? "a name without a path is looked for in " + folder : "";
    const std::string found = found_in(folder, object->name());
    if (!found.empty() && found != path) advice = "this host has " + found;
    return object->refuse(std::move(what), std::move(advice));
  }
  if (Status found = object->find_symbols(); !found) return fail_with(found.error());
  if (Status fits = object->check_versions(); !fits) return fail_with(fits.error());
  return object;
}

PluginObject::PluginObject(PluginSettings settings, void* library)
    : settings_(std::move(settings)), library_(library) {}

// One that was never closed may have threads of its own, and they go on.
PluginObject::~PluginObject() {
  const InPlugin scope;
  if (library_ != nullptr && !open_) dlclose(library_);
}

template <typename Function>
void PluginObject::find(Function*& into, const char* symbol) {
  into = reinterpret_cast<Function*>(dlsym(library_, symbol));
}

Status PluginObject::find_symbols() {
  find(symbols_.open1, "openvpn_plugin_open_v1");
  find(symbols_.open2, "openvpn_plugin_open_v2");
  find(symbols_.open3, "openvpn_plugin_open_v3");
  find(symbols_.call1, "openvpn_plugin_func_v1");
  find(symbols_.call2, "openvpn_plugin_func_v2");
  find(symbols_.call3, "openvpn_plugin_func_v3");
  find(symbols_.close, "openvpn_plugin_close_v1");
  find(symbols_.abort, "openvpn_plugin_abort_v1");
  find(symbols_.construct, "openvpn_plugin_client_constructor_v1");
  find(symbols_.destruct, "openvpn_plugin_client_destructor_v1");
  find(symbols_.least_version, "openvpn_plugin_min_version_required_v1");
  find(symbols_.moment, "openvpn_plugin_select_initialization_point_v1");
  const char* missing = nullptr;
  if (symbols_.close == nullptr) missing = "openvpn_plugin_close_v1";
  if (!symbols_.open1 && !symbols_.open2 && !symbols_.open3) missing = "openvpn_plugin_open_v1";
  if (!symbols_.call1 && !symbols_.call2 && !symbols_.call3) missing = "openvpn_plugin_func_v1";
  if (missing == nullptr) return {};
  static_cast<void>(dlsym(library_, missing));
  return refuse(fmt::format("PLUGIN: could not find required symbol '{}' in plugin shared object "
                            "{}: {}",
                            missing, name(), last_error()),
                "is this a plugin for openvpn?");
}

Status PluginObject::check_versions() {
  const InPlugin scope;
  const int wanted = symbols_.least_version != nullptr ? symbols_.least_version() : 1;
  if (wanted > abi::interface_version) {
    return refuse(
        fmt::format("PLUGIN_INIT: plugin needs interface version {}, but this version of "
                    "OpenVPN only supports version {}: {}",
                    wanted, abi::interface_version, name()));
  }
  if (symbols_.moment != nullptr) moment_ = static_cast<PluginMoment>(symbols_.moment());
  return {};
}

Result<std::string> PluginObject::open(PluginMoment moment, const Variables& variables) {
  if (open_ || moment_ != moment) return std::string();
  types_ = abi::known_types;
  const bool opened = run_open(variables);
  const std::string name = settings_.words.front();
  if ((types_ & ~abi::known_types) != 0) {
    return refuse(
        fmt::format("PLUGIN_INIT: plugin {} expressed interest in unsupported plugin "
                    "types: [want=0x{:08x}, have=0x{:08x}]",
                    name, types_, abi::known_types));
  }
  if (!opened) {
    return refuse("PLUGIN_INIT: plugin initialization function failed: " + name,
                  "what it needs is said by itself, above, or in its documentation");
  }
  open_ = true;
  return opened_text();
}

// The newest of what it offers.
bool PluginObject::run_open(const Variables& variables) {
  open_argv_ = std::make_unique<Words>(settings_.words);
  open_envp_ = std::make_unique<Words>(lines_of(variables));
  const char** const argv = open_argv_->get();
  const char** const envp = open_envp_->get();
  ReturnList list;
  abi::StringList** const wanted =
      moment_ == PluginMoment::before_configuration ? list.get() : nullptr;
  const InPlugin scope;
  if (symbols_.open3 != nullptr) {
    const abi::OpenIn in{static_cast<int>(types_),
                         argv,
                         envp,
                         &plugin_callbacks(),
                         abi::ssl_openssl,
                         release,
                         release_major,
                         release_minor,
                         release_patch};
    abi::OpenReturn out{static_cast<int>(types_), nullptr, wanted};
    const int status = symbols_.open3(abi::struct_version, &in, &out);
    if (status == ports::PluginReply::success) {
      types_ = static_cast<unsigned>(out.type_mask);
      handle_ = out.handle;
    }
  } else if (symbols_.open2 != nullptr) {
    handle_ = symbols_.open2(&types_, argv, envp, wanted);
  } else {
    handle_ = symbols_.open1(&types_, argv, envp);
  }
  configuration_ = list.named("config");
  return handle_ != nullptr;
}

std::string PluginObject::opened_text() const {
  std::string words, events;
  for (const std::string& word : settings_.words)
    words += (words.empty() ? "[" : " [") + word + "]";
  for (unsigned number = 0; number < 32; ++number) {
    const auto event = static_cast<ports::PluginEvent>(number);
    if (!wants(event)) continue;
    if (!events.empty()) events += '|';
    events += ports::name_of(event);
  }
  return fmt::format("PLUGIN_INIT: POST {} '{}' intercepted={}", name(), words, events);
}

bool PluginObject::wants(ports::PluginEvent event) const {
  return open_ && (types_ & bit_of(event)) != 0;
}

ports::PluginReply::One PluginObject::call(const ports::PluginCall& call, void* context) {
  std::vector<std::string> arguments{name()};
  arguments.insert(arguments.end(), call.arguments.begin(), call.arguments.end());
  Words argv(std::move(arguments));
  Words envp(lines_of(call.variables));
  const Certificate certificate = certificate_of(call.certificate);
  ReturnList list;
  abi::StringList** const wanted = hands_back(call.event) ? list.get() : nullptr;
  const int type = static_cast<int>(call.event);
  ports::PluginReply::One reply{name(), ports::PluginReply::error, {}};
  const InPlugin scope;
  if (symbols_.call3 != nullptr) {
    const abi::CallIn in{type,    argv.get(), envp.get(),       handle_,
                         context, call.depth, certificate.get()};
    abi::CallReturn out{wanted};
    reply.status = symbols_.call3(abi::struct_version, &in, &out);
  } else if (symbols_.call2 != nullptr) {
    reply.status = symbols_.call2(handle_, type, argv.get(), envp.get(), context, wanted);
  } else {
    reply.status = symbols_.call1(handle_, type, argv.get(), envp.get());
  }
  reply.configs = list.named("config");
  return reply;
}

void* PluginObject::make_context() {
  const InPlugin scope;
  return open_ && symbols_.construct != nullptr ? symbols_.construct(handle_) : nullptr;
}

void PluginObject::drop_context(void* context) {
  const InPlugin scope;
  if (open_ && symbols_.destruct != nullptr) symbols_.destruct(handle_, context);
}

void PluginObject::close() {
  const InPlugin scope;
  if (std::exchange(open_, false)) symbols_.close(handle_);
}

void PluginObject::abort() {
  const InPlugin scope;
  if (open_ && symbols_.abort != nullptr) symbols_.abort(handle_);
}

}  // namespace adit::system
