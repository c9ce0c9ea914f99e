#include "app/completion.h"

#include <functional>

#include <fmt/core.h>

#include "base/text.h"
#include "options/table.h"

namespace adit::app {

namespace {

// What can stand behind some commands, by their path: "" for adit itself, "pki init".
struct Place {
  std::string path;
  const CommandNode* node;
};

void collect(const CommandNode& node, const std::string& path, std::vector<Place>& places) {
  places.push_back({path, &node});
  for (const CommandNode& command : node.commands) {
    collect(command, path.empty() ? command.name : path + " " + command.name, places);
  }
}

std::vector<Place> places_of(const CommandNode& root) {
  std::vector<Place> places;
  collect(root, {}, places);
  return places;
}

// A word, and what it is for.
struct Candidate {
  std::string word, what;
};

std::vector<Candidate> commands_at(const Place& place) {
  std::vector<Candidate> all;
  for (const CommandNode& command : place.node->commands)
    all.push_back({command.name, command.what});
  return all;
}

bool is_offered(const options::Row& row) {
  return row.allowed(options::where::line) && row.state == options::State::implemented &&
         row.name != "help";
}

// At the top the options of OpenVPN are good as well.
std::vector<Candidate> options_at(const Place& place) {
  std::vector<Candidate> all;
  for (const CommandNode::Option& option : place.node->options) {
    for (const std::string& name : option.names) all.push_back({name, option.what});
  }
  if (!place.path.empty()) return all;
  for (const options::Row* row : options::all_rows()) {
    if (is_offered(*row)) all.push_back({"--" + std::string(row->name), std::string(row->help)});
  }
  return all;
}

std::string words_of(const std::vector<Candidate>& candidates) {
  std::vector<std::string> words;
  words.reserve(candidates.size());
  for (const Candidate& candidate : candidates) words.push_back(candidate.word);
  return join(words, " ");
}

// Options of which only some words are good, as patterns "pki export --proto".
void for_each_choice(const std::vector<Place>& places,
                     const std::function<void(const Place&, const std::string& option,
                                              const std::string& words)>& visit) {
  for (const Place& place : places) {
    for (const CommandNode::Option& option : place.node->options) {
      if (option.choices.empty()) continue;
      for (const std::string& name : option.names) visit(place, name, join(option.choices, " "));
    }
    if (!place.path.empty()) continue;
    for (const options::Row* row : options::all_rows()) {
      const auto choices =
          is_offered(*row) ? options::choices_of(*row) : std::vector<std::string>();
      if (!choices.empty()) visit(place, "--" + std::string(row->name), join(choices, " "));
    }
  }
}

std::string known_paths(const std::vector<Place>& places, std::string_view separator) {
  std::vector<std::string> paths;
  for (const Place& place : places) {
    if (!place.path.empty()) paths.push_back("\"" + place.path + "\"");
  }
  return join(paths, separator);
}

// One word of a shell.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char letter : text) out += letter == '\'' ? "'\\''" : std::string(1, letter);
  return out + "'";
}

std::string bash_completion(const CommandNode& root) {
  const auto places = places_of(root);
  std::string out = R"(# bash completion for adit; made by adit itself

_adit() {
  local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" at="" next i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="${at:+$at }${COMP_WORDS[i]}"
    case "$next" in
)";
  out += fmt::format("      {}) at=\"$next\" ;;\n    esac\n  done\n", known_paths(places, "|"));
  out += "  case \"$at $prev\" in\n";
  for_each_choice(places, [&](const Place& place, const auto& option, const auto& words) {
    out += fmt::format("    \"{} {}\") COMPREPLY=($(compgen -W \"{}\" -- \"$cur\")); return ;;\n",
                       place.path, option, words);
  });
  out += "  esac\n  local commands=\"\" options=\"\"\n  case \"$at\" in\n";
  for (const Place& place : places) {
    out += fmt::format("    \"{}\") commands=\"{}\" options=\"{}\" ;;\n", place.path,
                       words_of(commands_at(place)), words_of(options_at(place)));
  }
  out += R"(  esac
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -W "$commands" -- "$cur")) ;;
  esac
}
complete -o bashdefault -o default -F _adit adit
)";
  return out;
}

std::string zsh_items(const std::vector<Candidate>& candidates) {
  std::string items;
  for (const Candidate& candidate : candidates) {
    items += " " + quoted(candidate.word + ":" + candidate.what);
  }
  return items;
}

std::string zsh_completion(const CommandNode& root) {
  const auto places = places_of(root);
  std::string out = R"(#compdef adit
# zsh completion for adit; made by adit itself

_adit() {
  local at="" next word
  local -a commands options
  for word in ${words[2,CURRENT-1]}; do
    next="${at:+$at }$word"
    case "$next" in
)";
  out += fmt::format("      ({}) at=\"$next\" ;;\n    esac\n  done\n", known_paths(places, "|"));
  out += "  case \"$at ${words[CURRENT-1]}\" in\n";
  for_each_choice(places, [&](const Place& place, const auto& option, const auto& words) {
    out += fmt::format("    (\"{} {}\") compadd {}; return ;;\n", place.path, option, words);
  });
  out += "  esac\n  case \"$at\" in\n";
  for (const Place& place : places) {
    out += fmt::format("    (\"{}\")\n      commands=({} )\n      options=({} ) ;;\n", place.path,
                       zsh_items(commands_at(place)), zsh_items(options_at(place)));
  }
  out += R"(  esac
  if [[ ${words[CURRENT]} == -* ]]; then
    _describe -o option options
  else
    (( ${#commands} )) && _describe command commands
    [[ -z $at || ${#commands} -eq 0 ]] && _files
  fi
}

_adit "$@"
)";
  return out;
}

std::string fish_line(const Place& place, const Candidate& candidate) {
  std::string word = "-a " + candidate.word;
  if (candidate.word.starts_with("--")) {
    word = "-l " + candidate.word.substr(2);
  } else if (candidate.word.starts_with("-")) {
    word = "-s " + candidate.word.substr(1);
  }
  std::string line = fmt::format("complete -c adit -n '__adit_at \"{}\"' {}", place.path, word);
  return line + (candidate.what.empty() ? "" : " -d " + quoted(candidate.what)) + "\n";
}

std::string fish_completion(const CommandNode& root) {
  const auto places = places_of(root);
  std::string out = "# fish completion for adit; made by adit itself\n\n";
  out += "function __adit_at\n  set -l at ''\n  set -l tokens (commandline -opc)\n";
  out += "  for word in $tokens[2..-1]\n    set -l next (string trim -- \"$at $word\")\n";
  out += fmt::format("    if contains -- $next {}\n      set at $next\n    end\n  end\n",
                     known_paths(places, " "));
  out += "  test \"$at\" = \"$argv[1]\"\nend\n\n";
  for (const Place& place : places) {
    for (const Candidate& candidate : commands_at(place)) out += fish_line(place, candidate);
    for (const Candidate& candidate : options_at(place)) out += fish_line(place, candidate);
  }
  for_each_choice(places, [&](const Place& place, const std::string& option, const auto& words) {
    if (!option.starts_with("--")) return;
    out += fmt::format("complete -c adit -n '__adit_at \"{}\"' -l {} -xa '{}'\n", place.path,
                       option.substr(2), words);
  });
  return out;
}

}  // namespace

std::optional<std::string> completion(const CommandNode& root, const std::string& shell) {
  if (shell == "bash") return bash_completion(root);
  if (shell == "zsh") return zsh_completion(root);
  if (shell == "fish") return fish_completion(root);
  return std::nullopt;
}

}  // namespace adit::app
