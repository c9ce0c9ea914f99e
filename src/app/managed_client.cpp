#include "app/managed_client.h"

#include "app/management_host.h"

namespace adit::app {

ManagedClient::ManagedClient(Runtime& runtime, const std::vector<options::Connection>& remotes)
    : runtime_(runtime) {
  for (const options::Connection& one : remotes) {
    remotes_.push_back({one.remote, one.remote_port, node::proto_name(one.proto)});
  }
  if (runtime_.management) runtime_.management->face().set_instance(this);
}

ManagedClient::~ManagedClient() {
  if (runtime_.management) runtime_.management->face().set_instance(nullptr);
}

std::string ManagedClient::status(int) const {
  return node::render_client_status(client_ != nullptr ? client_->status(runtime_.loop->wall())
                                                       : node::ClientStatus{runtime_.loop->wall()});
}

void ManagedClient::set_client(node::Client* client, node::Environment environment) {
  former_ = load();
  client_ = client;
  environment_ = std::move(environment);
}

management::Load ManagedClient::load() const {
  management::Load load = former_;
  if (client_ == nullptr) return load;
  const node::ClientStatus status = client_->status(runtime_.loop->wall());
  load.bytes_in += status.link_read;
  load.bytes_out += status.link_write;
  return load;
}

bool ManagedClient::challenge_response(std::string_view answer) {
  return client_ != nullptr && client_->respond(answer, runtime_.loop->now());
}

management::State ManagedClient::addressed(std::string name, std::string detail) const {
  management::State state{std::move(name), std::move(detail)};
  const options::Device& device = client_->device();
  if (device.ifconfig) state.local4 = device.ifconfig->first;
  if (device.ifconfig_ipv6) {
    const std::string& local = device.ifconfig_ipv6->first;
    state.local6 = local.substr(0, local.find('/'));
  }
  return state;
}

void ManagedClient::tell(const node::ClientNews& news, const std::optional<ip::Endpoint>& from) {
  using Kind = node::ClientNews::Kind;
  management::Interface& face = runtime_.management->face();
  switch (news.kind) {
    case Kind::auth:
      return tell_state(runtime_, {"AUTH"});
    case Kind::pending:
      return tell_state(runtime_, {"AUTH_PENDING", news.text});
    case Kind::get_config:
      return tell_state(runtime_, {"GET_CONFIG"});
    case Kind::assign_ip: {
      tell_state(runtime_, addressed("ASSIGN_IP", {}));
      node::Environment environment = environment_;
      environment.merge(client_->peer_environment());
      return tell_up_down(runtime_, true, environment);
    }
    case Kind::add_routes:
      return tell_state(runtime_, {"ADD_ROUTES"});
    case Kind::connected: {
      management::State state = addressed("CONNECTED", news.text);
      if (const auto& remote = client_->remote()) {
        state.remote = remote->remote.address.text();
        state.remote_port = std::to_string(remote->remote.port);
      }
      if (from) {
        state.from = from->address.text();
        state.from_port = std::to_string(from->port);
      }
      tell_state(runtime_, state);
      return runtime_.management->tunnel_is_up(state);
    }
    case Kind::auth_failed:
      return face.tell(">PASSWORD:Verification Failed: 'Auth'" +
                       (news.text.empty() ? "" : " ['" + news.text + "']"));
    case Kind::token:
      return face.tell(">PASSWORD:Auth-Token:" + news.text);
    case Kind::info:
      return face.tell(">INFOMSG:" + news.text);
    case Kind::notify:
      return face.tell(">NOTIFY:" + news.text);
    case Kind::echo:
      return face.echo(runtime_.loop->wall(), news.text);
  }
}

void ManagedClient::tell_news(const std::optional<ip::Endpoint>& from) {
  if (!runtime_.management) return;
  for (const node::ClientNews& news : client_->take_news()) {
    tell(news, from);
    runtime_.management->flush_soon();
  }
}

std::optional<management::RemoteQuestion> ManagedClient::ask_remote(
    const options::Connection& next) {
  using Answer = management::RemoteQuestion::Answer;
  management::Interface& face = runtime_.management->face();
  face.ask(management::RemoteQuestion{next.remote, next.remote_port, node::proto_name(next.proto)});
  runtime_.management->flush_soon();
  runtime_.wait([&face] { return face.remote()->answer != Answer::none; });
  std::optional<management::RemoteQuestion> given = face.remote();
  face.end_remote();
  if (given->answer == Answer::none) given.reset();
  return given;
}

std::optional<management::ProxyQuestion> ManagedClient::ask_proxy(const options::Connection& next,
                                                                  std::size_t number) {
  management::Interface& face = runtime_.management->face();
  management::ProxyQuestion question;
  question.number = number;
  question.tcp = next.proto.is_tcp();
  question.host = next.remote;
  face.ask(std::move(question));
  runtime_.management->flush_soon();
  runtime_.wait([&face] { return face.proxy()->answered; });
  std::optional<management::ProxyQuestion> given = face.proxy();
  face.end_proxy();
  if (!given->answered) given.reset();
  return given;
}

}  // namespace adit::app
