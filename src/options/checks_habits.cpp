#include "options/checks.h"
#include "options/findings.h"

// Configurations that are legal and will still surprise.

namespace adit::options {

namespace {

void check_scripts(const Config& config, const Findings& found) {
  const Scripts& scripts = config.scripts;
  if (scripts.security == 2 && scripts.auth_user_pass_verify.defined() && !scripts.auth_via_file) {
    found.warn("auth-user-pass-verify", "the script will not be told the password",
               "write \"script-security 3\", or via-file in place of via-env");
  }
  if (scripts.security >= 2) return;
  const std::pair<const char*, const Script*> all[] = {
      {"up", &scripts.up},
      {"down", &scripts.down},
      {"route-up", &scripts.route_up},
      {"route-pre-down", &scripts.route_pre_down},
      {"ipchange", &scripts.ipchange},
      {"client-connect", &scripts.client_connect},
      {"client-disconnect", &scripts.client_disconnect},
      {"learn-address", &scripts.learn_address},
      {"auth-user-pass-verify", &scripts.auth_user_pass_verify},
      {"tls-verify", &scripts.tls_verify},
      {"tls-crypt-v2-verify", &scripts.tls_crypt_v2_verify},
      {"client-crresponse", &scripts.client_crresponse},
  };
  for (const auto& [name, script] : all) {
    if (script->defined()) {
      found.warn(name, "this script will not be run", "write \"script-security 2\" to allow it");
    }
  }
}

}  // namespace

void check_habits(const Config& config, const Findings& found) {
  check_scripts(config, found);
  if (!config.logging.file.empty() && !config.logging.append) {
    found.note(
        "log", "every start empties this file",
        "write \"log-append " + shown(config.logging.file) + "\" to keep what earlier runs said");
  }
  const bool gives_up_rights = !config.process.user.empty() || !config.process.group.empty();
  if (gives_up_rights && !config.device.persist_tun) {
    found.note(config.process.user.empty() ? "group" : "user",
               "after a restart the device is opened anew, with the rights that are left then",
               "write \"persist-tun\" to keep it open");
  }
  if (!config.client.pull) return;
  const bool own_timers = config.said_of("ping") != nullptr || config.timers.ping_restart_set ||
                          config.timers.ping_exit_set;
  if (own_timers && !config.timers.keepalive) {
    found.note(config.said_of("ping-restart") != nullptr ? "ping-restart" : "ping",
               "what the server pushes for ping and ping-restart replaces these values");
  }
  if (config.device.ifconfig) {
    found.warn("ifconfig",
               "using --pull/--client and --ifconfig together is probably not what you want",
               "the server gives the address");
  }
}

}  // namespace adit::options
