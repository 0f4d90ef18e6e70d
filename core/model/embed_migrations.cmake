# Writes the *.sql of DIRECTORIES, one directory after the other, and db/grants.sql into one C file, so that a program
# carries its schema with it.
function(read_bytes file ret_bytes)
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n    "
           bytes "${bytes}")
    set(${ret_bytes} "${bytes}" PARENT_SCOPE)
endfunction()

set(files "")
foreach(directory IN LISTS DIRECTORIES)
    file(GLOB found ${directory}/*.sql)
    list(SORT found)
    list(APPEND files ${found})
endforeach()
set(rows "")
set(texts "")
set(index 0)
foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    read_bytes(${file} bytes)
    string(APPEND texts "static const char text_${index}[] = {\n    ${bytes}0};\n")
    string(APPEND rows "    {\"${name}\", text_${index}, sizeof(text_${index}) - 1},\n")
    math(EXPR index "${index} + 1")
endforeach()
read_bytes(${GRANTS} bytes)
file(WRITE ${OUTPUT} "#include \"model/migration.h\"\n\n${texts}\n"
     "const struct migration migrations[] = {\n${rows}};\nconst size_t migration_count = ${index};\n\n"
     "const char database_grants[] = {\n    ${bytes}0};\n")
