#pragma once

// How setup writes the files it keeps for itself, and those that hold secrets.
namespace adit::setup {

inline constexpr unsigned private_file = 0600, private_folder = 0700;
inline constexpr int json_indent = 2;

}  // namespace adit::setup
