#pragma once

// Opening a run under one AEAD key, for the formats that use one.

#include <algorithm>

#include "crypto/aead.h"
#include "crypto/data_channel.h"
#include "crypto/data_formats.h"

namespace adit::crypto {

struct OpenCounts {
  std::uint64_t failed = 0;
  std::uint64_t opened = 0;
  std::uint64_t blocks = 0;
};

// What a format puts around the text.
struct PacketFrame {
  std::size_t front = 0;
  std::size_t back = 0;
  std::size_t additional = 0;
};

// A run is opened in three steps. Each packet asks the window, which costs little and is right most
// of the time; the cipher does those that may pass; then each asks again, in order, now that those
// before it have moved the window. So a packet repeated within a run passes once.
//
// locate(packet, item): describes the packet, returns its id
template <typename Locate>
class RunOpener {
 public:
  RunOpener(AeadKey& key, ReplayWindow& window, OpenCounts& counts, const PacketFrame& frame,
            const Locate& locate)
      : key_(key), window_(window), counts_(counts), frame_(frame), locate_(locate) {}

  // run: at most AeadRun::most
  void open(std::span<Opening> run, Instant now) {
    for (Opening& opening : run) opening.verdict = gather(opening, now);
    key_.open(gathered_.items());
    const AeadItem* item = gathered_.items().data();
    for (Opening& opening : run) {
      if (opening.verdict == Drop::malformed) continue;
      const bool tried = opening.verdict == Drop::none;
      opening.behind = window_.behind(opening.id);
      const Drop verdict = window_.check(opening.id, 0, now);
      if (verdict != Drop::none) {
        opening.verdict = verdict;
      } else if (tried) {
        opening.verdict = accept(opening, *item, now);
      }
      if (tried) ++item;
    }
  }

 private:
  // none: the cipher shall try
  Drop gather(Opening& opening, Instant now) {
    Packet& packet = *opening.packet;
    if (packet.size() <= frame_.front + frame_.back) return Drop::malformed;
    opening.id = locate_(packet, gathered_.next());
    const Drop verdict = window_.check_early(opening.id, 0, now);
    if (verdict != Drop::none) return verdict;
    if (counts_.failed > failed_tags_limit) return Drop::key_exhausted;
    gathered_.add();
    return Drop::none;
  }

  Drop accept(Opening& opening, const AeadItem& item, Instant now) {
    if (counts_.failed > failed_tags_limit) return Drop::key_exhausted;
    if (!item.authentic) {
      ++counts_.failed;
      return Drop::bad_tag;
    }
    window_.add(opening.id, 0, now);
    ++counts_.opened;
    counts_.blocks += usage_blocks(frame_.additional, item.text_bytes);
    opening.packet->drop_front(frame_.front);
    opening.packet->drop_back(frame_.back);
    return Drop::none;
  }

  AeadKey& key_;
  ReplayWindow& window_;
  OpenCounts& counts_;
  const PacketFrame frame_;
  const Locate& locate_;
  AeadRun gathered_;
};

template <typename Locate>
void open_runs(AeadKey& key, ReplayWindow& window, OpenCounts& counts, const PacketFrame& frame,
               std::span<Opening> run, Instant now, const Locate& locate) {
  while (!run.empty()) {
    const auto some = run.first(std::min(AeadRun::most, run.size()));
    RunOpener(key, window, counts, frame, locate).open(some, now);
    run = run.subspan(some.size());
  }
}

}  // namespace adit::crypto
