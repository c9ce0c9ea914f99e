#pragma once

// What most rows do: put their words into one field. Used by the rows_*.cpp files only.

#include "base/text.h"
#include "options/lexer.h"
#include "options/use.h"

namespace adit::options {

template <auto Group, auto Member>
void set_flag(Use& use) {
  use.group(Group).*Member = true;
}

template <auto Group, auto Member>
void set_text(Use& use) {
  use.group(Group).*Member = use.word(0);
}

template <auto Group, auto Member, std::int64_t least = 0, std::int64_t most = Use::largest>
void set_number(Use& use) {
  use.number(0, use.group(Group).*Member, least, most);
}

// 0 leaves it unsaid. source: stock 2.6.14
template <typename Number>
void number_unless_zero(Use& use, std::optional<Number>& into) {
  if (use.number(0, into) && *into == 0) into.reset();
}

template <auto Group, auto Member, std::int64_t least = 0>
void set_seconds(Use& use) {
  use.seconds(0, use.group(Group).*Member, least);
}

// 0: as long as it takes. source: stock 2.6.14
inline void set_poll_timeout(Use& use, std::size_t index) {
  Seconds& timeout = use.link().server_poll_timeout;
  if (use.seconds(index, timeout) && timeout.count() == 0) timeout = Seconds(Use::largest);
}

// "ca [inline]", from the days before 2.4, announces a block and says nothing by itself.
template <auto Group, auto Member>
void set_file(Use& use) {
  FileOrInline& into = use.group(Group).*Member;
  if (use.word(0) == "[inline]" && into.is_inline) return;
  into = use.file();
}

template <auto Group, auto Member>
void append_words(Use& use) {
  auto& into = use.group(Group).*Member;
  for (std::string& word : use.words()) into.push_back(std::move(word));
}

template <auto Member>
void set_script(Use& use) {
  Script& script = use.scripts().*Member;
  if (script.defined()) {
    use.warn("Multiple --" + std::string(use.name()) + " scripts defined",
             "the one from " + script.at.text() + " is not used");
  }
  auto words = split_words(use.word(0));
  if (!words || words->empty()) {
    use.error(words ? "the command is empty" : words.error().what,
              words ? "name a program, or remove the line" : words.error().advice);
    return;
  }
  script = {std::move(*words), use.at()};
}

}  // namespace adit::options
