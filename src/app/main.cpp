#include <string>
#include <vector>

#include "app/commands.h"
#include "app/names_keeper.h"
#include "app/openvpn.h"

int main(int count, char** words) {
  const std::string program = count > 0 ? words[0] : "adit";
  const std::vector<std::string> arguments(words + 1, words + count);
  // Called through a link named openvpn it is openvpn and nothing else.
  const bool as_openvpn = program.substr(program.find_last_of('/') + 1) == "openvpn";
  if (!arguments.empty() && program == "adit" &&
      arguments.front() == adit::app::names_keeper_word) {
    return adit::app::run_names_keeper({arguments.begin() + 1, arguments.end()});
  }
  if (!as_openvpn && adit::app::is_own_command(arguments.empty() ? "" : arguments.front())) {
    return adit::app::run_own_command(arguments);
  }
  return adit::app::run_openvpn(arguments);
}
