cdef unsigned int crc16_of(const unsigned char* data, Py_ssize_t length) noexcept nogil
