#pragma once

#include <string>
#include <vector>

#include "firewall/judge.h"
#include "firewall/plan.h"
#include "firewall/questions.h"

namespace adit::firewall {

struct Cure {
  std::string commands;
  std::string keep;  // how they survive a reboot
};

// What lets these packets through a base chain: rules at its very beginning.
[[nodiscard]] Cure cure_of(const Chain& base, const Judgement& judgement,
                           const std::vector<const Question*>& questions, const Plan& plan);

}  // namespace adit::firewall
