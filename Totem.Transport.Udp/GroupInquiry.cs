using System.Net;
using System.Net.Sockets;
using Totem.Transport.Udp.Inquiry;
using Totem.Transport.Udp.Slots;

namespace Totem;

/// <summary>Asks the members of a ring who is in which group, without becoming one: no membership
/// changes by it.</summary>
public static class GroupInquiry
{
    private static readonly TimeSpan RoundInterval = TimeSpan.FromMilliseconds(200);

    /// <summary>Rounds without any answer: longer than a member's thread is away on a busy host.</summary>
    private const int SilentRoundsMax = 10;

    /// <summary>Asks those on this host first, then all.</summary>
    /// <param name="options">How a member of that ring would run here.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Every group and its members; null when nobody answers, as on a ring of daemons, or
    /// on kronosnet.</returns>
    /// <exception cref="TransportException">This host does not have the address that the others
    /// would answer.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up, such as while the members
    /// do not agree.</exception>
    public static async Task<IReadOnlyList<GroupRoster>?> AskAsync(
        TotemNodeOptions options, CancellationToken cancellationToken)
    {
        // On kronosnet nobody answers in clear.
        if (options.Transport.Kind == UdpTransportKind.Knet)
            return null;
        var (own, members) = Places(options);
        using var socket = Open(own);
        var nonce = (ulong)Random.Shared.NextInt64();
        var entries = new List<(GroupName Group, GroupMember Member)>();
        var (revision, total) = (0UL, uint.MaxValue);
        SocketAddress? chosen = null;
        var buffer = new byte[ushort.MaxValue];
        for (var round = 0; entries.Count < total;)
        {
            if (chosen is null && round >= SilentRoundsMax)
                return null;
            if (chosen is not null)
                await SendAsync(chosen).ConfigureAwait(false);
            else
            {
                foreach (var member in members.Where(x => round > 0 || x.Address.Equals(own)))
                    await SendAsync(member.Serialize()).ConfigureAwait(false);
            }

            var answer = await ReceiveAsync().ConfigureAwait(false);
            if (answer is null || !answer.IsSynchronized)
            {
                // One that has ended meanwhile is not waited for.
                if (answer is null && ++round % SilentRoundsMax == 0 && chosen is not null)
                    (chosen, total, round) = (null, uint.MaxValue, 1);
                else if (answer is not null)
                    await Task.Delay(RoundInterval, cancellationToken).ConfigureAwait(false);
                continue;
            }

            if (answer.Revision != revision || total == uint.MaxValue)
            {
                // The groups have changed since the first page.
                entries.Clear();
                (revision, total) = (answer.Revision, answer.Total);
            }

            if (answer.First == entries.Count)
                entries.AddRange(answer.Entries);
        }

        return [.. entries.GroupBy(x => x.Group).Select(x => new GroupRoster(x.Key, [.. x.Select(y => y.Member)]))];

        async Task SendAsync(SocketAddress to)
        {
            try
            {
                await socket.SendToAsync(
                    new GroupQuestion(nonce, (uint)entries.Count).ToBytes(), SocketFlags.None, to, cancellationToken)
                    .ConfigureAwait(false);
            }
            catch (SocketException)
            {
                // No way there now.
            }
        }

        async Task<GroupAnswer?> ReceiveAsync()
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(RoundInterval);
            try
            {
                while (true)
                {
                    var from = new SocketAddress(own.AddressFamily);
                    var length = await socket.ReceiveFromAsync(buffer, SocketFlags.None, from, limit.Token)
                        .ConfigureAwait(false);
                    // Of those that were asked, the one that answers first is asked for the rest.
                    if (GroupAnswer.TryRead(buffer.AsSpan(0, length), out var answer) && answer!.Nonce == nonce
                        && (chosen is null || chosen.Equals(from)))
                    {
                        chosen = from;
                        return answer;
                    }
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return null;
            }
            catch (SocketException)
            {
                // A report of a port where nobody listens.
                return null;
            }
        }
    }

    private static Socket Open(IPAddress own)
    {
        var socket = new Socket(own.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            // A member answers the addresses of its configuration, whatever the port.
            socket.Bind(new IPEndPoint(own, 0));
            return socket;
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new TransportException($"cannot ask from {own}: {failure.Message}", failure);
        }
    }

    private static (IPAddress Own, IReadOnlyList<IPEndPoint> Members) Places(TotemNodeOptions options)
    {
        var peers = options.GetPeers();
        if (options.Transport.Kind == UdpTransportKind.Loopback)
            return (peers[0].EndPoint.Address, [.. peers.Select(x => x.EndPoint)]);
        var own = peers.First(x => x.Id == options.Ring.Self).EndPoint.Address;
        var members = options.Transport.Kind == UdpTransportKind.Unicast ? new ProcessSlots(options).All : peers;
        return (own, [.. members.Select(x => x.EndPoint)]);
    }
}
