#include "app/management_host.h"

#include <algorithm>
#include <thread>
#include <unistd.h>

#include "app/outside.h"
#include "app/title.h"
#include "base/text.h"
#include "node/lines.h"
#include "system/clock.h"
#include "system/privileges.h"
#include "system/resolver.h"
#include "system/terminal.h"

namespace adit::app {

namespace {

using Retry = options::Client::AuthRetry;

constexpr Duration last_words = std::chrono::seconds(1);

int number_of(std::string_view name) {
  if (name == "SIGHUP") return SIGHUP;
  if (name == "SIGUSR1") return SIGUSR1;
  if (name == "SIGUSR2") return SIGUSR2;
  return SIGTERM;
}

management::Settings interface_settings_of(const options::Management& options,
                                           std::optional<SecretText> password) {
  return {title(), std::move(password), options.hold, options.log_cache};
}

}  // namespace

ManagementHost::ManagementHost(Runtime& runtime, const options::Config& config)
    : runtime_(runtime),
      options_(config.management),
      configured_retry_(config.client.auth_retry),
      mute_(config.logging.mute) {}

Result<std::unique_ptr<ManagementHost>> ManagementHost::open(Runtime& runtime,
                                                             const options::Config& config) {
  std::unique_ptr<ManagementHost> made(new ManagementHost(runtime, config));
  if (Status read = made->read_password(); !read) return fail_with(read.error());
  made->face_ = std::make_unique<management::Interface>(
      interface_settings_of(made->options_, made->password_), *made);
  ManagementHost* self = made.get();
  const auto thread = std::this_thread::get_id();
  runtime.output.set_listener([self, thread](const system::WallMoment& at, const LogLine& line) {
    if (std::this_thread::get_id() != thread) return;
    self->face_->log({at.seconds}, line);
    self->flush_soon();
  });
  if (made->options_.port != "unix" && !made->password_) {
    runtime.log.warn(
        "WARNING: Using --management on a **TCP** port WITHOUT passwords is STRONGLY discouraged "
        "and considered insecure");
  }
  auto place = made->find_place();
  if (!place) return fail_because("management", place.error());
  made->place_ = std::move(*place);
  if (!made->is_inside()) {
    if (Status opened = made->open_socket(); !opened) return fail_with(opened.error());
  }
  for (const std::string& text : config.scripts.echoes) made->face_->echo(system::wall_now(), text);
  return made;
}

ManagementHost::~ManagementHost() {
  runtime_.output.set_listener(nullptr);
  if (timer_ != 0) runtime_.loop->cancel(timer_);
  if (!socket_) return;
  socket_->write(face_->take_output());
  socket_->finish(last_words);
}

Status ManagementHost::read_password() {
  const std::string& file = options_.password_file;
  if (file.empty()) return {};
  if (file == "stdin") {
    auto answer = system::ask("Enter Management Password:", false);
    if (!answer) return fail_with(answer.error());
    password_ = std::move(*answer);
    return {};
  }
  auto text = runtime_.store.read(file);
  if (!text) return fail_because("management", text.error());
  password_ = SecretText(text->substr(0, text->find_first_of("\r\n")));
  return {};
}

// The address of "management tunnel" is yet to come.
Result<system::ControlSocket::Place> ManagementHost::find_place() const {
  system::ControlSocket::Place place;
  if (options_.port == "unix") {
    place.path = options_.address;
    const auto who = system::look_up(options_.client_user, options_.client_group);
    if (!who) return fail_with(who.error());
    if (who->user) place.user = who->user->id;
    if (who->group) place.group = who->group->id;
    return place;
  }
  const auto port = port_number(options_.port, "the port");
  if (!port) return fail_with(port.error());
  place.tcp.port = *port;
  if (is_inside()) return place;
  const std::string host = options_.address == "localhost" ? "127.0.0.1" : options_.address;
  const auto literal = ip::Address::parse(host);
  const auto found = literal ? system::Resolver::Addresses{*literal}
                             : system::Resolver::ask_host(host, std::nullopt);
  if (!found) return fail_with(found.error());
  place.tcp.address = found->front();
  return place;
}

Status ManagementHost::open_socket() {
  const bool is_unix = !place_.path.empty();
  system::ControlSocket::Callbacks callbacks;
  callbacks.connected = [this](const ip::Endpoint& from) { came(from); };
  callbacks.received = [this](std::string_view bytes) {
    face_->take(as_bytes(bytes));
    flush();
    tick();
  };
  callbacks.gone = [this] { went(); };
  callbacks.refused = [this](const std::string& why) {
    runtime_.log.warn("MANAGEMENT: a client was turned away: {}", why);
  };
  const std::string name = is_unix ? place_.path : node::lines::with_family(place_.tcp);
  auto opened = options_.connects_out
                    ? system::ControlSocket::connect(*runtime_.loop, place_, std::move(callbacks))
                    : system::ControlSocket::listen(*runtime_.loop, place_, std::move(callbacks));
  if (!opened && options_.connects_out) {
    runtime_.log.info(1, "MANAGEMENT: connect to {} failed: {}",
                      is_unix ? "unix socket " + name : name, opened.error().text());
    return fail_with({});
  }
  if (!opened) return fail_because("MANAGEMENT: Socket bind failed", opened.error());
  socket_ = std::move(*opened);
  if (options_.connects_out) {
    runtime_.log.info(3, "MANAGEMENT: Connected to management server at {}", name);
    flush_soon();
  } else if (is_unix) {
    runtime_.log.info(3, "MANAGEMENT: unix domain socket listening on {}", name);
  } else {
    runtime_.log.info(3, "MANAGEMENT: TCP Socket listening on {}",
                      node::lines::with_family(socket_->local()));
  }
  return {};
}

void ManagementHost::tunnel_is_up(const management::State& state) {
  if (!is_inside()) return;
  const auto own = ip::Address::parse(state.local4.empty() ? state.local6 : state.local4);
  if (socket_ && own && socket_->local().address == *own) return;
  tunnel_goes_down();
  if (!own) {
    return runtime_.log.warn("MANAGEMENT: the tunnel has no address to listen at");
  }
  place_.tcp.address = *own;
  if (Status opened = open_socket(); !opened) {
    runtime_.log.fatal("{}", opened.error().text());
    runtime_.raise({SIGTERM, false, "management", 1});
  }
}

void ManagementHost::tunnel_goes_down() {
  if (!is_inside() || !socket_) return;
  flush();
  socket_.reset();
  face_->disconnected();
}

void ManagementHost::came(const ip::Endpoint& from) {
  face_->connected();
  if (!options_.connects_out) {
    runtime_.log.info(3, "MANAGEMENT: Client connected from {}",
                      options_.port == "unix" ? options_.address : node::lines::with_family(from));
  }
  flush_soon();
}

void ManagementHost::went() {
  face_->disconnected();
  runtime_.log.info(3, "MANAGEMENT: Client disconnected");
  if (options_.forget_disconnect) forget_passwords();
  if (options_.connects_out) return runtime_.raise({SIGTERM, false, "management-exit", 0});
  if (!options_.signal) return;
  runtime_.log.info(3, "MANAGEMENT: Triggering management signal");
  runtime_.raise({SIGUSR1, false, "management-disconnect", 0});
}

void ManagementHost::flush_soon() {
  if (flushing_) return;
  flushing_ = true;
  runtime_.loop->post([this, alive = std::weak_ptr<int>(alive_)] {
    if (!alive.expired()) flush();
  });
}

void ManagementHost::flush() {
  flushing_ = false;
  if (!socket_) return;
  socket_->write(face_->take_output());
  const bool too_slow = socket_->waiting() > management::Interface::most_waiting;
  if (too_slow) runtime_.log.warn("MANAGEMENT: the client does not read; it is dropped");
  if (too_slow || face_->wants_close()) socket_->close_client(too_slow);
}

// Counts go out once a second while somebody wants them.
void ManagementHost::tick() {
  if (timer_ != 0 || !face_->counts_bytes()) return;
  timer_ = runtime_.loop->at(runtime_.loop->now() + std::chrono::seconds(1), [this] {
    timer_ = 0;
    face_->count_bytes(runtime_.loop->now());
    flush();
    tick();
  });
}

// ---- the process ----

void ManagementHost::log(Severity severity, std::string_view text) {
  if (severity == Severity::debug) return runtime_.log.debug(3, "{}", text);
  if (severity == Severity::warning) return runtime_.log.warn("{}", text);
  runtime_.log.info(3, "{}", text);
}

int ManagementHost::pid() const { return getpid(); }

int ManagementHost::verbosity() const { return runtime_.output.verbosity(); }

void ManagementHost::set_verbosity(int verb) { runtime_.output.set_verbosity(verb); }

void ManagementHost::set_mute(unsigned lines) {
  mute_ = lines;
  runtime_.output.set_mute(lines);
}

void ManagementHost::signal(std::string_view name) {
  const int number = number_of(name);
  if (number != SIGUSR2) return runtime_.raise({number, true, {}, 0});
  if (runtime_.on_status) return runtime_.on_status();
  if (face_->held()) runtime_.raise({SIGTERM, true, {}, 0});
}

std::string ManagementHost::auth_retry() const {
  switch (new_auth_retry_.value_or(configured_retry_)) {
    case Retry::none:
      return "none";
    case Retry::nointeract:
      return "nointeract";
    case Retry::interact:
      return "interact";
  }
  return "none";
}

bool ManagementHost::set_auth_retry(std::string_view how) {
  if (how == "none") {
    new_auth_retry_ = Retry::none;
  } else if (how == "nointeract") {
    new_auth_retry_ = Retry::nointeract;
  } else if (how == "interact") {
    new_auth_retry_ = Retry::interact;
  } else {
    return false;
  }
  return true;
}

void ManagementHost::forget_passwords() {
  if (on_forget) on_forget();
}

std::vector<management::TokenEntry> ManagementHost::token_entries() {
  return on_token_entries ? on_token_entries() : std::vector<management::TokenEntry>();
}

bool ManagementHost::wait_apart(const std::function<bool()>& done, Duration patience) {
  constexpr Duration step = std::chrono::seconds(1);
  const Instant until = system::monotonic_now() + patience;
  face_->set_instance_waits(true);
  while (!done() && !runtime_.signal && system::monotonic_now() < until) {
    flush();
    if (runtime_.watched) runtime_.notifier.send("WATCHDOG=1");
    socket_->serve(std::min(until, system::monotonic_now() + step));
  }
  flush();
  face_->set_instance_waits(false);
  if (face_->has_late()) {
    runtime_.loop->post([this, alive = std::weak_ptr<int>(alive_)] {
      if (alive.expired()) return;
      face_->run_late();
      flush();
    });
  }
  return done();
}

// ---- for the runs ----

void tell_state(Runtime& runtime, const management::State& state) {
  if (!runtime.management) return;
  runtime.management->face().state(system::wall_now(), state);
  runtime.management->flush_soon();
}

void tell_end(Runtime& runtime, const Signal& signal) {
  const bool restarts = signal.number == SIGHUP || signal.number == SIGUSR1;
  const std::string why = signal.text.empty() ? signal_name(signal.number) : signal.text;
  tell_state(runtime, {restarts ? "RECONNECTING" : "EXITING", why});
}

void tell_up_down(Runtime& runtime, bool up, const node::Environment& environment) {
  if (!runtime.management || !runtime.management->tells_up_down()) return;
  management::Variables variables = environment.variables();
  std::ranges::reverse(variables);
  runtime.management->face().up_down(up, variables);
  runtime.management->flush_soon();
}

bool asks_manager(const Runtime& runtime, const options::Config& config) {
  return config.management.query_passwords && runtime.management && runtime.management->can_ask();
}

void tell_tunnel_goes_down(Runtime& runtime) {
  if (runtime.management) runtime.management->tunnel_goes_down();
}

bool hold_if_wanted(Runtime& runtime, unsigned seconds) {
  if (!runtime.management || !runtime.management->can_ask()) return false;
  if (!runtime.management->face().holds()) return false;
  management::Interface& face = runtime.management->face();
  runtime.log.info(3, "Need hold release from management interface, waiting...");
  face.begin_hold(seconds);
  runtime.management->flush_soon();
  runtime.wait([&face] { return !face.held(); });
  face.end_hold();
  return true;
}

void begin_asking(Runtime& runtime, management::PasswordQuestion question) {
  if (!runtime.management->face().has_client()) {
    runtime.log.info(3, "Need password(s) from management interface, waiting...");
  }
  runtime.management->face().ask(std::move(question));
  runtime.management->flush_soon();
}

std::optional<session::Credentials> take_answer(Runtime& runtime) {
  management::Interface& face = runtime.management->face();
  if (!face.password() || !face.password()->answered()) return std::nullopt;
  session::Credentials given{face.password()->name.value_or(""), *face.password()->password};
  face.end_password();
  return given;
}

std::optional<session::Credentials> ask_manager(Runtime& runtime,
                                                management::PasswordQuestion question) {
  management::Interface& face = runtime.management->face();
  begin_asking(runtime, std::move(question));
  runtime.wait([&face] { return face.password() && face.password()->answered(); });
  auto given = take_answer(runtime);
  face.end_password();
  return given;
}

namespace {

// Whether the answer came; if not, why not is said.
bool wait_for_answer(Runtime& runtime, const std::string& what, Duration patience,
                     const std::function<bool()>& done) {
  if (!runtime.management->can_ask()) {
    runtime.log.error("MANAGEMENT: over the tunnel nobody can be asked for the {}", what);
    return false;
  }
  if (!runtime.management->face().has_client()) {
    runtime.log.info(1, "Need {} from management interface, waiting...", what);
  }
  if (runtime.management->wait_apart(done, patience)) return true;
  if (!runtime.signal) {
    runtime.log.error("MANAGEMENT: no {} came within {} seconds", what,
                      std::chrono::duration_cast<std::chrono::seconds>(patience).count());
  }
  return false;
}

}  // namespace

std::optional<std::string> ask_manager_for_text(Runtime& runtime, management::TextQuestion question,
                                                Duration patience) {
  using Kind = management::TextQuestion::Kind;
  management::Interface& face = runtime.management->face();
  const std::string what = question.kind == Kind::signature ? "signature" : "certificate";
  face.ask(std::move(question));
  wait_for_answer(runtime, what, patience, [&face] { return face.text()->text.has_value(); });
  std::optional<std::string> given = face.text()->text;
  face.end_text();
  return given;
}

std::optional<std::string> ask_manager_for_need(Runtime& runtime, management::NeedQuestion question,
                                                Duration patience) {
  management::Interface& face = runtime.management->face();
  const std::string what = "answer to '" + question.type + "'";
  face.ask(std::move(question));
  wait_for_answer(runtime, what, patience, [&face] { return face.need()->answer.has_value(); });
  std::optional<std::string> given = face.need()->answer;
  face.end_need();
  return given;
}

std::optional<SecretText> ask_manager_for_pin(Runtime& runtime, const std::string& type,
                                              Duration patience) {
  management::Interface& face = runtime.management->face();
  face.ask(management::PasswordQuestion{type, false, {}});
  wait_for_answer(runtime, "'" + type + "' password", patience,
                  [&face] { return face.password() && face.password()->answered(); });
  std::optional<SecretText> given;
  if (face.password() && face.password()->answered()) given = *face.password()->password;
  face.end_password();
  return given;
}

}  // namespace adit::app
