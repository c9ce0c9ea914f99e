#pragma once

#include <string>

#include "base/time.h"
#include "doctor/report.h"

namespace adit::doctor {

// "certificate": the dates of this side's own one. pem: its text; empty: there is none.
void test_certificate(Report& report, const std::string& pem, WallTime now);

}  // namespace adit::doctor
