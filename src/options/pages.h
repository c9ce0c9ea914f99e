#pragma once

// The pages of the option table, in the order in which --help shows them.

#include "options/row.h"

namespace adit::options {

Page connection_page();
Page proxy_page();
Page mtu_page();
Page device_page();
Page routing_page();
Page tls_page();
Page tokens_page();
Page channel_page();
Page timers_page();
Page server_page();
Page client_page();
Page per_client_page();
Page logging_page();
Page process_page();
Page scripts_page();
Page management_page();
Page tools_page();
Page fast_page();
Page obsolete_page();

}  // namespace adit::options
