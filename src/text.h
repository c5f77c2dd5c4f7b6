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

}  // namespace spasne
