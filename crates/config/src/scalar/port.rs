//! Ports: `80`, `8080:80`, `127.0.0.1:8080:80/udp`, `8000-8002:80-82`, `[::1]:80:80`, `127.0.0.1::80`.
//!
//! Invariant: ranges are expanded pairwise; a range on the host for one port in the container is refused, because
//! which of them would be used is not known before the container starts.

use std::net::IpAddr;

use windlass_model::port::{Protocol, PublishedPort};

use super::{ScalarError, range_of};

const HELP: &str = "write \"8080:80\", \"127.0.0.1:8080:80/udp\", \"[::1]:8080:80\" or \"80\"";

/// First and last port, and the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PortRange {
    pub first: u16,
    pub last: u16,
    pub protocol: Protocol,
}

impl PortRange {
    /// How many ports it has; never none.
    #[expect(clippy::len_without_is_empty, reason = "a range always has a port")]
    pub fn len(self) -> usize {
        usize::from(self.last - self.first) + 1
    }

    pub fn ports(self) -> impl Iterator<Item = u16> {
        self.first..=self.last
    }
}

/// `80`, `80-82`, with `/tcp`, `/udp` or `/sctp`.
pub fn port_range(text: &str) -> Result<PortRange, ScalarError> {
    let (ports, protocol) = split_protocol(text)?;
    let (first, last) = range(text, ports)?;
    Ok(PortRange { first, last, protocol })
}

/// Docker's short form; one value for each port.
pub fn published_ports(text: &str) -> Result<Vec<PublishedPort>, ScalarError> {
    let (rest, protocol) = split_protocol(text)?;
    let (host_ip, rest) = split_address(text, rest)?;
    let (published, target) = match rest.rsplit_once(':') {
        Some((published, target)) => (published, target),
        None => ("", rest),
    };
    let (first, last) = range(text, target)?;
    let host = if published.is_empty() { None } else { Some(range(text, published)?) };
    let count = last - first;
    if let Some((from, to)) = host
        && to - from != count
    {
        let message = format!(
            "{} ports on the host cannot stand for {} in the container",
            u32::from(to - from) + 1,
            u32::from(count) + 1
        );
        return Err(ScalarError::new(message).help("make both ranges equally long"));
    }
    let port = |step: u16| PublishedPort {
        target: first + step,
        protocol,
        host_ip,
        published: host.map(|(from, _)| from + step),
    };
    Ok((0..=count).map(port).collect())
}

fn split_protocol(text: &str) -> Result<(&str, Protocol), ScalarError> {
    let Some((ports, name)) = text.rsplit_once('/') else {
        return Ok((text.trim(), Protocol::Tcp));
    };
    let protocol = Protocol::parse(&name.to_ascii_lowercase()).ok_or_else(|| {
        ScalarError::new(format!("unknown protocol \"{}\"", crate::yaml::shorten(name)))
            .help("the protocols are tcp, udp and sctp")
            .range(range_of(text, name))
    })?;
    Ok((ports.trim(), protocol))
}

/// Takes an address off the front; an IPv6 address is in brackets, or everything before the last two colons.
fn split_address<'a>(whole: &str, text: &'a str) -> Result<(Option<IpAddr>, &'a str), ScalarError> {
    let (address, rest) = if let Some(bracketed) = text.strip_prefix('[') {
        bracketed.split_once("]:").ok_or_else(|| {
            ScalarError::new("expected `]:` after the address")
                .help(HELP)
                .range(range_of(whole, text))
        })?
    } else {
        let mut colons = text.rmatch_indices(':');
        let (_, second) = (colons.next(), colons.next());
        match second {
            Some((at, _)) => (&text[..at], &text[at + 1..]),
            None => return Ok((None, text)),
        }
    };
    let address = address.parse().map_err(|_| {
        let shown = crate::yaml::shorten(address);
        ScalarError::new(format!("\"{shown}\" is not an address"))
            .help(HELP)
            .range(range_of(whole, address))
    })?;
    Ok((Some(address), rest))
}

fn range(whole: &str, text: &str) -> Result<(u16, u16), ScalarError> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (port(whole, first)?, port(whole, last)?);
    if first > last {
        return Err(ScalarError::new(format!("the range {text} runs backwards"))
            .help(format!("write {last}-{first}"))
            .range(range_of(whole, text)));
    }
    Ok((first, last))
}

fn port(whole: &str, text: &str) -> Result<u16, ScalarError> {
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok());
    number.flatten().filter(|port| *port != 0).ok_or_else(|| {
        let message = if text.is_empty() {
            "a port is missing".to_owned()
        } else {
            format!("\"{}\" is not a port from 1 to 65535", crate::yaml::shorten(text))
        };
        ScalarError::new(message).help(HELP).range(range_of(whole, text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published() {
        for (text, expected) in [
            ("80", Ok("80/tcp")),
            ("8080:80", Ok("8080:80/tcp")),
            ("8080:80/udp", Ok("8080:80/udp")),
            ("127.0.0.1:8080:80", Ok("127.0.0.1:8080:80/tcp")),
            ("127.0.0.1::80", Ok("127.0.0.1::80/tcp")),
            ("[::1]:80:80", Ok("[::1]:80:80/tcp")),
            ("::1:80:80", Ok("[::1]:80:80/tcp")),
            ("8000-8001:80-81", Ok("8000:80/tcp 8001:81/tcp")),
            ("80-82/sctp", Ok("80/sctp 81/sctp 82/sctp")),
            ("65535:65535", Ok("65535:65535/tcp")),
            ("0:80", Err(Some(0..1))),
            ("65536:80", Err(Some(0..5))),
            ("8080:", Err(Some(5..5))),
            ("8080:80/xyz", Err(Some(8..11))),
            ("8000-8002:80", Err(None)),
            ("82-80", Err(Some(0..5))),
            ("local:8080:80", Err(Some(0..5))),
            ("[::1:80:80", Err(Some(0..10))),
            ("http", Err(Some(0..4))),
            ("+80", Err(Some(0..3))),
            ("", Err(Some(0..0))),
        ] {
            let found = published_ports(text)
                .map(|ports| ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
            match expected {
                Ok(wanted) => assert_eq!(found.as_deref(), Ok(wanted), "{text}"),
                Err(range) => assert_eq!(found.map_err(|e| e.range), Err(range), "{text}"),
            }
        }
    }

    #[test]
    fn exposed() {
        let range = port_range("53-54/udp").unwrap();
        assert_eq!(range.protocol, Protocol::Udp);
        assert_eq!(range.ports().collect::<Vec<_>>(), [53, 54]);
        assert!(port_range("80:80").is_err());
    }
}
