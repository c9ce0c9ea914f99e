// Options that only adit knows. In a file that stock reads, too, write "setenv opt data-lanes 2".

#include <array>

#include "options/pages.h"
#include "options/setters.h"

namespace adit::options {

namespace {

void data_lanes(Use& use) {
  constexpr unsigned most_lanes = 64;
  unsigned count = 0;
  if (use.word(0) == "auto") {
    use.config().fast.lanes = 0;
  } else if (use.number(0, count, 1, most_lanes)) {
    use.config().fast.lanes = count;
  }
}

void crypto_engine(Use& use) {
  using Engine = FastPath::Engine;
  use.choice<Engine>(0, use.config().fast.engine,
                     {{"auto", Engine::automatic},
                      {"openssl", Engine::openssl},
                      {"ipsec-mb", Engine::ipsec_mb},
                      {"vaes", Engine::vaes}});
}

void tun_offload(Use& use) {
  using Offload = FastPath::TunOffload;
  use.choice<Offload>(0, use.config().fast.tun_offload,
                      {{"auto", Offload::automatic},
                       {"no-uso", Offload::no_uso},
                       {"no-tso", Offload::no_tso},
                       {"off", Offload::off}});
}

void udp_offload(Use& use) {
  use.choice<bool>(0, use.config().fast.udp_offload, {{"auto", true}, {"off", false}});
}

// clang-format off
constexpr std::array fast_rows{
    Row{.name = "data-lanes", .args = {1, 1, "n|auto"}, .ours = true,
        .help = "Pairs of threads that move packets; auto: one for every two cores on a UDP server, "
                "otherwise one.",
        .apply = data_lanes},
    Row{.name = "crypto-engine", .args = {1, 1, "auto|openssl|ipsec-mb|vaes"}, .ours = true,
        .help = "What encrypts packets; auto: the fastest that this processor has.",
        .apply = crypto_engine},
    Row{.name = "tun-offload", .args = {1, 1, "auto|no-uso|no-tso|off"}, .ours = true,
        .help = "Large packets between the kernel and the tunnel, and the latest of several TCP "
                "acknowledgements; auto: as far as the kernel can.",
        .apply = tun_offload},
    Row{.name = "udp-offload", .args = {1, 1, "auto|off"}, .ours = true,
        .help = "Trains of datagrams through the kernel (UDP_SEGMENT, UDP_GRO); auto: as far as it "
                "can.",
        .apply = udp_offload},
};
// clang-format on

}  // namespace

Page fast_page() { return {"Speed (adit only)", fast_rows}; }

}  // namespace adit::options
