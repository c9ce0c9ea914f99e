# A room is one static library made of every .cpp in its folder.
#
#   adit_room(session USES base wire crypto)
#
# USES are the arrows: the only rooms whose headers this room may include (their own arrows come
# with them). tools/arrows holds the includes against these lines.
function(adit_room name)
  cmake_parse_arguments(ROOM "" "" "USES;LINKS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  if(NOT sources)  # headers only
    add_library(adit_${name} INTERFACE)
    foreach(used ${ROOM_USES})
      target_link_libraries(adit_${name} INTERFACE adit_${used})
    endforeach()
    return()
  endif()
  add_library(adit_${name} STATIC ${sources})
  target_include_directories(adit_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  foreach(used ${ROOM_USES})
    target_link_libraries(adit_${name} PUBLIC adit_${used})
  endforeach()
  target_link_libraries(adit_${name} PUBLIC ${ROOM_LINKS})
  target_link_libraries(adit_${name} PRIVATE adit_warnings)
  adit_precompile(adit_${name} <string> ${sources})
endfunction()

# Headers that nearly every one of the sources includes, and the one given, are read once for all of
# them. Only in builds where nobody would miss a forgotten #include: the others find it. GCC warns of
# things that are not so when it reads headers like this: there warnings are no errors.
function(adit_precompile target header)
  list(LENGTH ARGN count)
  if(ADIT_PRECOMPILE AND count GREATER 5)
    target_precompile_headers(${target} PRIVATE
      ${header} <algorithm> <array> <chrono> <functional> <map> <memory> <optional> <span> <string>
      <string_view> <utility> <vector>)
  endif()
endfunction()
