// The version of the executable; spasne_tools/version.py holds the same for Python, which refuses any other.
#pragma once

#define SPASNE_VERSION "1.1.0"
