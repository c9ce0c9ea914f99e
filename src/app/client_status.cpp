#include "app/client_status.h"

#include "base/text.h"

namespace adit::app {

Instant ClientStatus::due() const {
  const options::Logging& logging = config_.logging;
  const bool never_again = logging.status_interval.count() == 0 && last_ != never;
  if (logging.status_file.empty() || never_again) return Instant::max();
  return last_ + logging.status_interval;
}

void ClientStatus::write(const node::Client& client) {
  last_ = runtime_.loop->now();
  const std::string& file = config_.logging.status_file;
  if (file.empty()) return;
  if (Status written = runtime_.store.rewrite(file, text_of(client)); !written) {
    runtime_.log.warn("status: {}", written.error().text());
  }
}

void ClientStatus::show(const node::Client& client) {
  const std::string text = text_of(client);
  for (std::string_view line : split(text, '\n')) {
    if (!line.empty()) runtime_.log.info(1, "{}", line);
  }
  write(client);
}

std::string ClientStatus::text_of(const node::Client& client) const {
  return node::render_client_status(client.status(runtime_.loop->wall()));
}

}  // namespace adit::app
