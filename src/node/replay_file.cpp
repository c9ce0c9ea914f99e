#include "node/replay_file.h"

#include <array>
#include <cstring>

namespace adit::node {

namespace {

constexpr Duration interval = std::chrono::seconds(60);

// In the host's byte order, as stock writes it.
struct Image {
  std::int64_t time = 0;
  std::uint32_t id = 0;
  std::uint32_t unused = 0;
};

}  // namespace

Result<crypto::ReplayWindow::State> ReplayFile::load() const {
  crypto::ReplayWindow::State state;
  if (path_.empty() || !store_.exists(path_)) return state;
  const auto text = store_.read(path_);
  if (!text) return fail_with(text.error());
  if (text->empty()) return state;
  Image image;
  if (text->size() != sizeof image) {
    return fail_with({"replay-persist: " + path_ + " is not a file of packet ids",
                      "name another file, or remove it if old packets need not be feared"});
  }
  std::memcpy(&image, text->data(), sizeof image);
  state.time = static_cast<std::uint32_t>(image.time);
  state.highest = image.id;
  return state;
}

void ReplayFile::tick(std::uint64_t newest, Instant now) {
  if (path_.empty()) return;
  if (next_ == Instant::max()) next_ = now + interval;
  if (next_ > now) return;
  next_ = now + interval;
  keep(newest);
}

void ReplayFile::keep(std::uint64_t newest) {
  if (path_.empty() || newest == 0 || newest == kept_) return;
  Image image;
  image.time = static_cast<std::int64_t>(newest >> 32);
  image.id = static_cast<std::uint32_t>(newest);
  std::array<char, sizeof image> bytes{};
  std::memcpy(bytes.data(), &image, sizeof image);
  const Status written = store_.rewrite(path_, {bytes.data(), bytes.size()});
  if (written) kept_ = newest;
  if (written || std::exchange(complained_, true)) return;
  log_.warn("replay-persist: {}; after a restart old packets could be sent again",
            written.error().text());
}

}  // namespace adit::node
