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
  adit_build_options(adit_${name} ${name})
endfunction()

# How builds differ. Files of a target are compiled several as one: most of a compiler's time goes into
# the headers of the standard library, which every file includes anew. So what is unnamed in a room
# has a name of its own in all of the room (tools/names). What ships is made of a few at a time, which
# a machine with little memory can do; the debug build, file by file, finds a forgotten #include.
function(adit_build_options target name)
  if(NOT ADIT_TOGETHER EQUAL 1)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${ADIT_TOGETHER})
  endif()
  if(name IN_LIST ADIT_UNOPTIMISED)
    target_compile_options(${target} PRIVATE -O0)
  endif()
  if(ADIT_FUZZ AND name STREQUAL "tests")  # what a test runs through leads no search
    target_compile_options(${target} PRIVATE -fno-sanitize=fuzzer-no-link)
  endif()
endfunction()
