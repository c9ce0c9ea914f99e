#include "app/pushed_settings.h"

namespace adit::app {

namespace {

void resize_buffers(Runtime& runtime, const options::Config& config, const options::Pulled& pulled,
                    Edge& edge) {
  const auto receive = pulled.receive_buffer, send = pulled.send_buffer;
  const bool differs =
      receive != config.remotes.receive_buffer || send != config.remotes.send_buffer;
  if ((!receive && !send) || !differs) return;
  system::UdpLink* const link = edge.udp();
  if (link == nullptr) {
    return runtime.log.info(3, "pushed sndbuf and rcvbuf: the kernel sizes a TCP connection's");
  }
  const system::BufferSizes before = link->buffers();
  link->resize_buffers(receive, send);
  const system::BufferSizes after = link->buffers();
  runtime.log.info(3, "Socket Buffers: R=[{}->{}] S=[{}->{}]", before.receive, after.receive,
                   before.send, after.send);
}

}  // namespace

void take_pushed_settings(Runtime& runtime, const options::Config& config,
                          const options::Pulled& pulled, Edge& edge) {
  if (pulled.verb) runtime.output.set_verbosity(*pulled.verb);
  if (pulled.mute) runtime.output.set_mute(*pulled.mute);
  if (pulled.errors_to_stderr) runtime.output.set_errors_to_stderr(true);
  resize_buffers(runtime, config, pulled, edge);
}

void forget_pushed_settings(Runtime& runtime, const options::Config& config) {
  if (runtime.management) return;
  runtime.output.set_verbosity(config.logging.verb);
  runtime.output.set_mute(config.logging.mute);
  runtime.output.set_errors_to_stderr(config.logging.errors_to_stderr);
}

}  // namespace adit::app
