#include "wire/opcode.h"

namespace adit::wire {

const char* name(Opcode opcode) {
  switch (opcode) {
    case Opcode::hard_reset_client_v1:
      return "P_CONTROL_HARD_RESET_CLIENT_V1";
    case Opcode::hard_reset_server_v1:
      return "P_CONTROL_HARD_RESET_SERVER_V1";
    case Opcode::soft_reset_v1:
      return "P_CONTROL_SOFT_RESET_V1";
    case Opcode::control_v1:
      return "P_CONTROL_V1";
    case Opcode::ack_v1:
      return "P_ACK_V1";
    case Opcode::data_v1:
      return "P_DATA_V1";
    case Opcode::hard_reset_client_v2:
      return "P_CONTROL_HARD_RESET_CLIENT_V2";
    case Opcode::hard_reset_server_v2:
      return "P_CONTROL_HARD_RESET_SERVER_V2";
    case Opcode::data_v2:
      return "P_DATA_V2";
    case Opcode::hard_reset_client_v3:
      return "P_CONTROL_HARD_RESET_CLIENT_V3";
    case Opcode::control_wkc_v1:
      return "P_CONTROL_WKC_V1";
  }
  return "P_???";
}

}  // namespace adit::wire
