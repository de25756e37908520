def crc16(data: bytes, /) -> int:
    """CRC16 of an RTU frame without its last two bytes; on the wire the low byte comes first.

    Source: MODBUS over Serial Line V1.02, section 2.5.1.2 and appendix B.
    """
