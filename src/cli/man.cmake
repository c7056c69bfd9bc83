# Fills the manual's template with the keys that the program itself knows. In: PROGRAM, TEMPLATE, VERSION, OUTPUT.
execute_process(COMMAND ${PROGRAM} keys --man OUTPUT_VARIABLE KEYS RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "betafield keys --man: ${failed}")
endif()
configure_file(${TEMPLATE} ${OUTPUT} @ONLY)
