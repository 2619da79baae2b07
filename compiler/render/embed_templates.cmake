# Writes OUT, a list of {name, text} of the TEMPLATES: cmake -DOUT=... -DTEMPLATES=a;b -P
# embed_templates.cmake
set(content "")
foreach(template IN LISTS TEMPLATES)
  get_filename_component(name "${template}" NAME_WE)
  file(READ "${template}" text)
  string(APPEND content "{\"${name}\", R\"otpc(${text})otpc\"},\n")
endforeach()
file(WRITE "${OUT}" "${content}")
