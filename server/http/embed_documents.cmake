# Writes the files into one C file as the table that document.c serves.  The DCS v2 API's has the name that clients
# look for.
set(rows "")
set(texts "")
set(index 0)
foreach(file IN LISTS FILES)
    get_filename_component(name ${file} NAME)
    string(REPLACE "dcs-v2" "openapi" name ${name})
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(APPEND texts "static const char bytes_${index}[] = {${bytes}0};\n")
    string(APPEND rows "    {\"/${name}\", bytes_${index}, sizeof(bytes_${index}) - 1},\n")
    math(EXPR index "${index} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"document.h\"\n\n${texts}\n"
     "const struct embedded_document embedded_documents[] = {\n${rows}};\n"
     "const size_t embedded_document_count = ${index};\n")
