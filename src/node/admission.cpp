#include "node/admission.h"

#include <algorithm>

namespace adit::node {

Admission::Verdict Admission::agree(Judge who) {
  if (waits_for(who)) state(who) = State::agreed;
  return verdict();
}

Admission::Verdict Admission::refuse(Judge who, std::string told) {
  if (waits_for(who)) {
    refused_by_ = who;
    told_ = std::move(told);
  }
  return verdict();
}

Admission::Verdict Admission::verdict() const {
  if (refused_by_) return Verdict::refused;
  return std::ranges::find(states_, State::asked) == states_.end() ? Verdict::admitted
                                                                   : Verdict::waiting;
}

bool Admission::waits_for(Judge who) const {
  return !refused_by_ && states_[static_cast<std::size_t>(who)] == State::asked;
}

Admission& Admissions::open(const wire::SessionId& session, std::uint8_t key_id) {
  close(session, key_id);
  if (open_.size() == most) open_.erase(open_.begin());
  return open_.emplace_back(session, key_id);
}

void Admissions::close(const wire::SessionId& session, std::uint8_t key_id) {
  std::erase_if(open_, [&](const Admission& one) { return one.is_about(session, key_id); });
}

Admission* Admissions::find(const wire::SessionId& session, std::uint8_t key_id) {
  const auto found = std::ranges::find_if(
      open_, [&](const Admission& one) { return one.is_about(session, key_id); });
  return found == open_.end() ? nullptr : &*found;
}

}  // namespace adit::node
