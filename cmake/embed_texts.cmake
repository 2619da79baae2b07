# Writes OUT, a list of {name, text} of the FILES: cmake -DOUT=... -DFILES=a;b -P embed_texts.cmake
set(content "")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME_WE)
  file(READ "${file}" text)
  string(APPEND content "{\"${name}\", R\"otpc(${text})otpc\"},\n")
endforeach()
file(WRITE "${OUT}" "${content}")
