//! Addresses of networks: IP addresses, subnets, MAC addresses.
//!
//! Invariant: a subnet has no bits of a host, as engines want it, so that one network is written one way.

use std::net::IpAddr;

use super::ScalarError;

/// A block of addresses, such as `10.5.0.0/24`.
/// One comes before those that are in it, and after those that come to an end before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    address: IpAddr,
    bits: u8,
}

impl Subnet {
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.bits) == self.address
    }

    /// Whether all of `other` is in it.
    pub fn covers(&self, other: &Self) -> bool {
        other.bits >= self.bits && self.contains(other.address)
    }
}

impl std::fmt::Display for Subnet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// The address with all but the first bits cleared.
fn masked(address: IpAddr, bits: u8) -> IpAddr {
    let bits = u32::from(bits);
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
            IpAddr::V4((address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(bits)).unwrap_or(0);
            IpAddr::V6((address.to_bits() & mask).into())
        }
    }
}

/// `10.5.0.0/24`, `fd00::/64`.
pub fn subnet(text: &str) -> Result<Subnet, ScalarError> {
    let refuse = || {
        let message = format!("\"{}\" is not a subnet", crate::yaml::shorten(text));
        ScalarError::new(message).help("write \"10.5.0.0/24\"")
    };
    let (address, bits) = text.split_once('/').ok_or_else(refuse)?;
    let parsed: IpAddr = address.parse().map_err(|_| refuse())?;
    let most = if parsed.is_ipv4() { 32 } else { 128 };
    let bits = bits.parse().ok().filter(|bits| *bits <= most).ok_or_else(refuse)?;
    let found = Subnet { address: masked(parsed, bits), bits };
    if found.address != parsed {
        let message = format!("\"{text}\" is an address in a subnet, not a subnet");
        return Err(ScalarError::new(message).help(format!("write \"{found}\"")));
    }
    Ok(found)
}

/// An address in its usual spelling.
pub fn ip_address(text: &str) -> Result<IpAddr, ScalarError> {
    text.parse().map_err(|_| {
        let message = format!("\"{}\" is not an IP address", crate::yaml::shorten(text));
        ScalarError::new(message).help("write \"10.0.0.2\" or \"2001:db8::2\", not a name")
    })
}

/// An address for a host's name, or `host-gateway`, which is the engine's own.
pub fn host_address(text: &str) -> Result<String, ScalarError> {
    if text == "host-gateway" {
        return Ok(text.to_owned());
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let error = |error: ScalarError| error.help("write an IP address, or host-gateway");
    ip_address(bare).map(|address| address.to_string()).map_err(error)
}

/// `02:42:0a:05:00:07`, lower case. It must be of one interface: no engine can set another.
pub fn mac_address(text: &str) -> Result<String, ScalarError> {
    let refuse = |message: String| ScalarError::new(message).help("write \"02:42:0a:05:00:07\"");
    let shown = crate::yaml::shorten(text);
    let octet = |part: &str| (part.len() == 2).then(|| u8::from_str_radix(part, 16).ok()).flatten();
    let octets: Option<Vec<u8>> = text.split([':', '-']).map(octet).collect();
    let Some([first, rest @ ..]) = octets.as_deref().filter(|octets| octets.len() == 6) else {
        return Err(refuse(format!("\"{shown}\" is not a MAC address")));
    };
    if first & 1 == 1 || (*first == 0 && rest.iter().all(|octet| *octet == 0)) {
        return Err(refuse(format!("\"{shown}\" is not the MAC address of one interface")));
    }
    Ok(text.to_ascii_lowercase().replace('-', ":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnets() {
        for (text, expected) in [
            ("10.5.0.0/24", Ok(())),
            ("0.0.0.0/0", Ok(())),
            ("fd00::/64", Ok(())),
            ("::/0", Ok(())),
            ("10.5.0.1/32", Ok(())),
            ("10.5.0.1/24", Err("write \"10.5.0.0/24\"")),
            ("10.5.0.0", Err("write \"10.5.0.0/24\"")),
            ("10.5.0.0/33", Err("write \"10.5.0.0/24\"")),
            ("x/24", Err("write \"10.5.0.0/24\"")),
            ("", Err("write \"10.5.0.0/24\"")),
        ] {
            let found = subnet(text).map(|_| ()).map_err(|error| error.help.unwrap_or_default());
            assert_eq!(found, expected.map_err(str::to_owned), "{text}");
        }
        let block = subnet("10.5.0.0/24").unwrap();
        assert!(block.contains("10.5.0.255".parse().unwrap()));
        assert!(!block.contains("10.5.1.0".parse().unwrap()));
        assert!(!block.contains("::1".parse().unwrap()));
        assert!(block.covers(&subnet("10.5.0.128/25").unwrap()));
        assert!(!block.covers(&subnet("10.0.0.0/8").unwrap()));
    }

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("10.0.0.1", Some("10.0.0.1")),
            ("[2001:DB8::1]", Some("2001:db8::1")),
            ("host-gateway", Some("host-gateway")),
            ("localhost", None),
            ("10.0.0", None),
            ("", None),
        ] {
            assert_eq!(host_address(text).ok().as_deref(), expected, "{text}");
        }
        for (text, expected) in [
            ("02:42:0A:05:00:07", Some("02:42:0a:05:00:07")),
            ("02-42-0a-05-00-07", Some("02:42:0a:05:00:07")),
            ("02:42:0a:05:00", None),
            ("02:42:0a:05:00:0g", None),
            ("01:42:0a:05:00:07", None),
            ("00:00:00:00:00:00", None),
            ("", None),
        ] {
            assert_eq!(mac_address(text).ok().as_deref(), expected, "{text}");
        }
    }
}
