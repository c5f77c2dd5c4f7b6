// Numbers in messages.
#pragma once

#include <sstream>
#include <string>

namespace spasne {

template <class T>
std::string text(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

/// The beginning of a text of any bytes, as it may be printed on one line.
inline std::string printable(const std::string& bytes) {
  const size_t LONGEST = 40;
  std::string shown = bytes.substr(0, LONGEST);
  for (char& letter : shown)
    if (letter < ' ' || letter > '~') letter = '?';
  return bytes.size() > LONGEST ? shown + "..." : shown;
}

}  // namespace spasne
