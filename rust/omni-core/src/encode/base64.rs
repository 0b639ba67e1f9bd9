//! Base64 (RFC 4648, section 4) with padding.

/// The text that stands for `bytes`, by SIMD where the processor has it.
pub fn encode_base64(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

#[cfg(test)]
mod tests {
    #[test]
    fn vectors_of_rfc_4648() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foobar", "Zm9vYmFy")] {
            assert_eq!(super::encode_base64(bytes.as_bytes()), text);
        }
    }
}
