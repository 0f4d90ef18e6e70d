# Writes db/migrations/*.sql into one C file, so that a program carries its schema with it.
file(GLOB files ${DIRECTORY}/*.sql)
list(SORT files)
set(rows "")
set(texts "")
set(index 0)
foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n    "
           bytes "${bytes}")
    string(APPEND texts "static const char text_${index}[] = {\n    ${bytes}0};\n")
    string(APPEND rows "    {\"${name}\", text_${index}, sizeof(text_${index}) - 1},\n")
    math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"model/migration.h\"\n\n${texts}\n"
     "const struct migration migrations[] = {\n${rows}};\nconst size_t migration_count = ${index};\n")
