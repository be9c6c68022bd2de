# Writes OUTPUT, a C++ file that holds the files of FOLDER named by FILES, each with a version: the page asks for
# NAME?VERSION, so that a browser may keep it for ever.
set(entries "")
foreach(name IN LISTS FILES)
  file(READ "${FOLDER}/${name}" hex HEX)
  file(SHA256 "${FOLDER}/${name}" digest)
  string(SUBSTRING "${digest}" 0 12 version)
  string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${hex}")
  # Lines of 32 bytes; the compiler joins them.
  string(REPEAT "\\\\x.." 32 line)
  string(REGEX REPLACE "(${line})" "\\1\"\n\"" bytes "${bytes}")
  string(APPEND entries "    {\"${name}\", \"${version}\", std::string_view(\"${bytes}\", sizeof(\"${bytes}\") - 1)},\n")
endforeach()
file(WRITE "${OUTPUT}" "// Made by embed.cmake.\n#include \"page/assets.h\"\n\nnamespace nines::tools {\n\nconst std::vector<Asset>& assets() {\n  static const std::vector<Asset> all{\n${entries}  };\n  return all;\n}\n\n}  // namespace nines::tools\n")
