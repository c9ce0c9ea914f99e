#pragma once

#include <string>

namespace adit::node {

// What a manager of the client is told, in the order it came about.
struct ClientNews {
  enum class Kind {
    auth,        // the server answers
    pending,     // text: "timeout 20"
    get_config,  // it has let us in
    assign_ip,
    add_routes,
    connected,    // text: "SUCCESS", or "ROUTE_ERROR": without some of the routes
    auth_failed,  // text: the reason, may be empty
    token,        // text: the token
    info,         // text: what the server wants shown
    notify,       // text: "info,remote-exit,EXIT"
    echo,         // text: of "echo" or "parameter"
  };
  Kind kind;
  std::string text{};
};

}  // namespace adit::node
