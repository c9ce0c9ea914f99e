#include "system/plugins.h"

#include <algorithm>

#include "system/clock.h"

namespace adit::system {

namespace {

constexpr Duration tell_interval = std::chrono::seconds(1);

long long seconds_of(Duration time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time).count();
}

}  // namespace

// What the thread works with. It holds it as well, so that a thread that was left behind does not
// lose the ground under it.
struct Plugins::House {
  // The thread's alone as long as it works.
  std::vector<std::unique_ptr<PluginObject>> objects;
  std::map<std::uint64_t, std::vector<void*>> contexts;  // of each client, one for each object

  std::mutex lock;
  std::string inside;  // "auth.so (PLUGIN_UP)": where the thread is
  std::vector<std::pair<std::uint64_t, ports::PluginReply>> replies;
  std::function<void()> ring;  // nullptr: nobody listens any more

  std::vector<void*>& contexts_of(std::uint64_t client);
  void forget(std::uint64_t client);
  [[nodiscard]] ports::PluginReply ask(const ports::PluginCall& call);
  void deliver(std::uint64_t number, ports::PluginReply reply);
  [[nodiscard]] Status open(PluginMoment moment, const PluginObject::Variables& variables,
                            std::vector<std::string>& lines);
  void close();
};

std::vector<void*>& Plugins::House::contexts_of(std::uint64_t client) {
  std::vector<void*>& made = contexts[client];
  for (std::size_t at = made.size(); at < objects.size(); ++at) {
    made.push_back(objects[at]->make_context());
  }
  return made;
}

void Plugins::House::forget(std::uint64_t client) {
  const auto found = contexts.find(client);
  if (found == contexts.end()) return;
  for (std::size_t at = 0; at < found->second.size(); ++at) {
    if (found->second[at] != nullptr) objects[at]->drop_context(found->second[at]);
  }
  contexts.erase(found);
}

ports::PluginReply Plugins::House::ask(const ports::PluginCall& call) {
  ports::PluginReply reply;
  std::vector<void*>& made = contexts_of(call.client);
  for (std::size_t at = 0; at < objects.size(); ++at) {
    if (!objects[at]->wants(call.event)) continue;
    {
      const std::lock_guard guard(lock);
      inside = fmt::format("{} ({})", objects[at]->name(), ports::name_of(call.event));
    }
    reply.said.push_back(objects[at]->call(call, made[at]));
  }
  return reply;
}

void Plugins::House::deliver(std::uint64_t number, ports::PluginReply reply) {
  const std::lock_guard guard(lock);
  if (!ring) return;
  replies.emplace_back(number, std::move(reply));
  if (replies.size() == 1) ring();
}

Status Plugins::House::open(PluginMoment moment, const PluginObject::Variables& variables,
                            std::vector<std::string>& lines) {
  std::vector<void*>& own = contexts[0];
  own.resize(objects.size());
  for (std::size_t at = 0; at < objects.size(); ++at) {
    auto opened = objects[at]->open(moment, variables);
    if (!opened) return fail_with(opened.error());
    if (opened->empty()) continue;
    lines.push_back(std::move(*opened));
    own[at] = objects[at]->make_context();
  }
  return {};
}

void Plugins::House::close() {
  while (!contexts.empty()) forget(contexts.rbegin()->first);
  for (const auto& object : objects) object->close();
}

Plugins::Plugins(Loop& loop, Log log, Patience patience)
    : loop_(loop), log_(std::move(log)), patience_(patience), house_(std::make_shared<House>()) {
  const std::weak_ptr alive = alive_;
  lines_ = std::make_shared<PluginLines>([this, alive, &loop] {
    loop.post([this, alive] {
      if (!alive.expired()) print_lines();
    });
  });
  house_->ring = [this, alive, &loop] {
    loop.post([this, alive] {
      if (!alive.expired()) collect();
    });
  };
  send_plugin_lines_to(lines_);
}

Result<std::unique_ptr<Plugins>> Plugins::load(Loop& loop, Log log,
                                               const std::vector<PluginSettings>& settings,
                                               Patience patience) {
  std::unique_ptr<Plugins> plugins(new Plugins(loop, std::move(log), patience));
  for (const PluginSettings& one : settings) {
    auto object = PluginObject::load(one);
    if (!object) return fail_with(object.error());
    plugins->house_->objects.push_back(std::move(*object));
  }
  return plugins;
}

Plugins::~Plugins() {
  close();
  if (look_timer_ != 0) loop_.cancel(look_timer_);
  send_plugin_lines_to(nullptr);
  lines_->close();
  const std::lock_guard guard(house_->lock);
  house_->ring = nullptr;
}

Status Plugins::open(PluginMoment moment, const PluginObject::Variables& variables) {
  struct Work {
    Status done;
    std::vector<std::string> lines;
  };
  const auto work = std::make_shared<Work>();
  const auto open = [house = house_, moment, variables, work] {
    work->done = house->open(moment, variables, work->lines);
  };
  if (!thread_.started()) {
    open();
  } else {
    const auto task = thread_.put(open);
    if (!task) return fail_with(task.error());
    if (!wait(*task)) return fail("a plugin does not return from its opening");
  }
  print_lines();
  for (const std::string& line : work->lines) log_.info(4, "{}", line);
  return work->done;
}

std::vector<std::string> Plugins::configuration() const {
  std::vector<std::string> all;
  for (const auto& object : house_->objects) {
    all.insert(all.end(), object->configuration().begin(), object->configuration().end());
  }
  return all;
}

bool Plugins::wants(ports::PluginEvent event) const {
  return std::ranges::any_of(house_->objects,
                             [&](const auto& object) { return object->wants(event); });
}

void Plugins::call(ports::PluginCall call, std::function<void(ports::PluginReply)> done) {
  const ports::PluginEvent event = call.event;
  if (lost()) return refuse_soon(event, std::move(done));
  const std::uint64_t number = ++last_call_;
  const auto task = thread_.put([house = house_, number, call = std::move(call)] {
    house->deliver(number, house->ask(call));
  });
  if (!task) {
    log_.error("{}", task.error().text());
    return refuse_soon(event, std::move(done));
  }
  waiting_.emplace(number, Waiting{event, *task, monotonic_now(), std::move(done)});
  if (look_timer_ == 0) look_again_later();
}

void Plugins::refuse_soon(ports::PluginEvent event, std::function<void(ports::PluginReply)> done) {
  loop_.post([this, alive = std::weak_ptr(alive_), event, done = std::move(done)] {
    if (!alive.expired()) done(never(event));
  });
}

void Plugins::collect() {
  std::vector<std::pair<std::uint64_t, ports::PluginReply>> replies;
  {
    const std::lock_guard guard(house_->lock);
    replies.swap(house_->replies);
  }
  print_lines();
  tell_of_return();
  const std::weak_ptr alive = alive_;
  for (auto& [number, reply] : replies) {
    auto waiting = waiting_.extract(number);
    if (!waiting.empty()) waiting.mapped().done(std::move(reply));
    if (alive.expired()) return;
  }
}

ports::PluginReply Plugins::call_and_wait(ports::PluginCall call) {
  const ports::PluginEvent event = call.event;
  if (lost()) return never(event);
  const auto reply = std::make_shared<ports::PluginReply>();
  const auto task =
      thread_.put([house = house_, reply, call = std::move(call)] { *reply = house->ask(call); });
  if (!task) {
    log_.error("{}", task.error().text());
    return never(event);
  }
  const bool over = wait(*task);
  print_lines();
  return over ? *reply : never(event);
}

bool Plugins::wait(std::uint64_t task) {
  const Instant until = monotonic_now() + patience_.give_up;
  for (;;) {
    const Instant now = monotonic_now();
    const Duration slice = std::min({every_, patience_.tell, until - now});
    if (thread_.wait_for(task, std::max(slice, Duration(1)))) return true;
    if (const auto running = thread_.running()) tell_of(*running);
    if (while_waiting_) while_waiting_();
    if (monotonic_now() < until) continue;
    thread_.take_back(task);
    return false;
  }
}

ports::PluginReply Plugins::never(ports::PluginEvent event) const {
  ports::PluginReply reply;
  for (const auto& object : house_->objects) {
    if (object->wants(event)) {
      reply.said.push_back({object->name(), ports::PluginReply::never_answered, {}});
    }
  }
  return reply;
}

bool Plugins::lost() const {
  const auto running = thread_.running();
  return running && monotonic_now() - running->since >= patience_.give_up;
}

void Plugins::forget_client(std::uint64_t client) {
  if (closed_) return;
  if (const auto task = thread_.put([house = house_, client] { house->forget(client); }); !task) {
    log_.error("{}", task.error().text());
  }
}

void Plugins::look_again_later() {
  const Duration interval = std::min(tell_interval, patience_.tell);
  look_timer_ = loop_.at(loop_.now() + interval, [this] { look(); });
}

void Plugins::look() {
  look_timer_ = 0;
  const auto running = thread_.running();
  const Instant now = monotonic_now();
  std::vector<Waiting> given_up;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    const bool patient = now - at->second.since < patience_.give_up;
    auto next = std::next(at);
    if (!patient) given_up.push_back(std::move(waiting_.extract(at).mapped()));
    at = next;
  }
  if (running) tell_of(*running, !given_up.empty());
  if (!waiting_.empty()) look_again_later();
  const std::weak_ptr alive = alive_;
  for (const Waiting& one : given_up) {
    if (alive.expired()) return;
    thread_.take_back(one.task);
    one.done(never(one.event));
  }
}

// Once when it becomes slow, and once when it is given up. refused: somebody who waited has been.
void Plugins::tell_of(const SerialThread::Running& running, bool refused) {
  const Duration time = monotonic_now() - running.since;
  std::string where;
  {
    const std::lock_guard guard(house_->lock);
    where = house_->inside;
  }
  if ((refused || time >= patience_.give_up) && told_lost_ != running.task) {
    told_lost_ = told_slow_ = running.task;
    log_.error(
        "plugin {} has not returned for {} s: whoever waits for a plugin is refused until it does; "
        "tunnels go on",
        where, seconds_of(time));
  } else if (time >= patience_.tell && told_slow_ != running.task) {
    told_slow_ = running.task;
    log_.warn(
        "plugin {} has not returned for {} s: others wait for it who want to come in; tunnels go "
        "on",
        where, seconds_of(time));
  }
}

void Plugins::tell_of_return() {
  const auto running = thread_.running();
  if (told_slow_ == 0 || (running && running->task == told_slow_)) return;
  told_slow_ = told_lost_ = 0;
  log_.info(1, "the plugin has returned at last");
}

void Plugins::print_lines() {
  for (const PluginLine& line : lines_->take()) {
    if ((line.flags & plugin_abi::log_error) != 0) {
      log_.error("{}", line.text);
    } else if ((line.flags & plugin_abi::log_warning) != 0) {
      log_.warn("{}", line.text);
    } else if ((line.flags & plugin_abi::log_debug) != 0) {
      log_.debug(7, "{}", line.text);
    } else {
      log_.info(1, "{}", line.text);
    }
  }
}

void Plugins::close() {
  if (std::exchange(closed_, true)) return;
  bool over = true;
  if (!thread_.started()) {
    house_->close();
  } else if (lost()) {
    over = false;
  } else {
    const auto task = thread_.put([house = house_] { house->close(); });
    over = task && wait(*task);
  }
  print_lines();
  if (!over) return;
  for (const auto& object : house_->objects) log_.info(4, "PLUGIN_CLOSE: {}", object->name());
}

void Plugins::abort() {
  if (closed_ || thread_.running()) return;
  for (const auto& object : house_->objects) object->abort();
  print_lines();
  closed_ = true;
}

}  // namespace adit::system
