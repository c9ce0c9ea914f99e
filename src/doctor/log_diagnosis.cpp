#include "doctor/log_diagnosis.h"

namespace adit::doctor {

const char* name(Cause cause) {
  switch (cause) {
    case Cause::no_packet:
      return "no packet came";
    case Cause::wrong_key:
      return "wrong control channel key";
    case Cause::wrong_direction:
      return "wrong key direction";
    case Cause::answer_lost:
      return "the answer was lost";
    case Cause::certificate:
      return "certificate refused";
    case Cause::no_shared_cipher:
      return "no shared cipher";
    case Cause::no_push_request:
      return "no PUSH_REQUEST";
    case Cause::login:
      break;
  }
  return "login refused";
}

LogDiagnosis diagnose_log(std::string_view, Role role) { return {role, {}, {}, 0}; }

Report report_on_log(const LogDiagnosis&, const std::string& source) { return {source}; }

}  // namespace adit::doctor
