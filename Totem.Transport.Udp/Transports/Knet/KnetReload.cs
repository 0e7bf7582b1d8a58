using Totem.Transport.Knet.Crypto;
using Totem.Transport.Knet.Keys;
using Totem.Transport.Knet.Links;
using Totem.Transport.Udp.Host;

namespace Totem.Transport.Udp.Transports.Knet;

/// <summary>
/// A reload that is read and checked, its keys made and its sockets open, and not in effect yet. Another thread makes
/// it, so that the ring waits for no disk and no name server; the ring's thread uses it. Nothing of it can fail
/// any more.
/// </summary>
internal sealed class KnetReload : ITransportReload
{
    private readonly UdpTransportOptions _before;

    private KnetReload(
        UdpTransportOptions before, UdpTransportOptions options, IReadOnlyList<string> kept, KnetOptions machine,
        KeySet keys, string keyMark, LinkPlan links)
    {
        _before = before;
        (Options, Kept, Machine, Keys, KeyMark, Links) = (options, kept, machine, keys, keyMark, links);
    }

    /// <summary>The options as they are to be.</summary>
    public UdpTransportOptions Options { get; }

    /// <inheritdoc />
    public IReadOnlyList<string> Kept { get; }

    public KnetOptions Machine { get; }

    /// <summary>The machine's, or the caller's to dispose.</summary>
    public KeySet Keys { get; }

    /// <summary>The same as before when cipher, hash and key are.</summary>
    public string KeyMark { get; }

    public LinkPlan Links { get; }

    /// <summary>Reads, checks and opens. Any thread.</summary>
    /// <param name="before">The options in effect.</param>
    /// <param name="wanted">The options as the user wants them now.</param>
    /// <param name="self">This member.</param>
    /// <param name="token">The token timeout.</param>
    /// <param name="random">Where randomness comes from. It is not used here.</param>
    /// <exception cref="TransportException">The options cannot be used: nothing has changed.</exception>
    public static KnetReload Prepare(
        UdpTransportOptions before, UdpTransportOptions wanted, ProcessorId self, TimeSpan token, RandomPool random)
    {
        if (wanted.Kind != UdpTransportKind.Knet)
            throw new TransportException($"the transport would become {wanted.Kind}, expected "
                + $"{UdpTransportKind.Knet}: a running member keeps it");
        var kept = new List<string>();
        var next = Keep(before, wanted, kept);
        if (next.Validate(self) is { Count: > 0 } problems)
            throw new TransportException(string.Join("; ", problems));
        next = WithScopes(next, self);
        var machine = KnetSetup.Machine(next, self, token);
        if (machine.Problems() is { Count: > 0 } contradictions)
            throw new TransportException(string.Join("; ", contradictions));
        var keys = KnetSetup.Keys(next.Knet, next.Cluster, random, out var mark);
        try
        {
            var links = LinkPlan.Of(
                before.Knet.Complete(before.Peers), next.Knet.Complete(next.Peers), next, self);
            return new KnetReload(before, next, kept, machine, keys, mark, links);
        }
        catch
        {
            keys.Dispose();
            throw;
        }
    }

    /// <summary>The same options with the links of this host's interfaces named.</summary>
    public static UdpTransportOptions WithScopes(UdpTransportOptions options, ProcessorId self)
    {
        var links = options.Knet.Complete(options.Peers)
            .Select(x => x with { Peers = PeerScopes.WithScopes(x.Peers, self) });
        return options with { Knet = options.Knet with { Links = [.. links] } };
    }

    /// <summary>Says what becomes of members and links, for people.</summary>
    public IEnumerable<string> Changes()
    {
        foreach (var peer in Options.Peers.Where(x => _before.Peers.All(y => y.Id != x.Id)))
            yield return $"node {peer.Id} may join";
        foreach (var peer in _before.Peers.Where(x => Options.Peers.All(y => y.Id != x.Id)))
            yield return $"node {peer.Id} is no member any more";
        foreach (var planned in Links.Links.Where(x => !x.IsAsBefore))
        {
            var number = planned.Link.Number;
            if (planned.Bound is { } bound)
                yield return $"link {number} is at {bound.LocalEndPoint}";
            else
                yield return $"link {number} leads to others";
        }

        foreach (var link in _before.Knet.Complete(_before.Peers))
        {
            if (Links.Links.All(x => x.Link.Number != link.Number))
                yield return $"link {link.Number} is closed";
        }
    }

    public void Dispose()
    {
        Keys.Dispose();
        Links.Dispose();
    }

    /// <summary>A running member cannot change everything. It keeps what it cannot change, takes the rest, as daemons
    /// do (KNET §17.1), and says so.</summary>
    private static UdpTransportOptions Keep(
        UdpTransportOptions before, UdpTransportOptions wanted, List<string> kept)
    {
        if (wanted.Knet.Policy != before.Knet.Policy)
            kept.Add($"link mode {before.Knet.Policy}, though the configuration says {wanted.Knet.Policy}");
        if (wanted.Knet.Aead != before.Knet.Aead)
            kept.Add($"aead {before.Knet.Aead}, though the configuration says {wanted.Knet.Aead}");
        return before with
        {
            Peers = wanted.Peers,
            Knet = wanted.Knet with { Policy = before.Knet.Policy, Aead = before.Knet.Aead },
        };
    }
}
