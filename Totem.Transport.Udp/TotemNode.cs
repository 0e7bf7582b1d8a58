using Microsoft.Extensions.Logging;
using Totem.Transport.Knet;
using Totem.Transport.Udp.Diagnostics;
using Totem.Transport.Udp.Hosting;
using Totem.Transport.Udp.Queues;
using Totem.Transport.Udp.Transports;
using Totem.Transport.Udp.Transports.Knet;
using Totem.Transport.Udp.Transports.Plain;

namespace Totem;

/// <summary>
/// A member of a ring, running: one thread owns its protocol, any thread may use it. Every member is safe to call from
/// any thread at any time, also after the end.
/// </summary>
/// <example><code>
/// await using var node = await TotemNode.StartAsync(TotemNodeOptions.Loopback());
/// await node.WaitForMembersAsync(3);
/// await node.MulticastAsync("hello"u8.ToArray());
/// await foreach (var element in node.ReadEventsAsync())
///     Console.WriteLine(element);
/// </code></example>
public sealed class TotemNode : IAsyncDisposable
{
    private readonly TotemNodeOptions _options;
    private readonly RingHost _host;

    private TotemNode(TotemNodeOptions options, ProcessorId id, RingHost host)
    {
        _options = options;
        Id = id;
        _host = host;
    }

    /// <summary>This member's id.</summary>
    public ProcessorId Id { get; }

    /// <summary>The regular configuration this member is in, or was last; null before the first. A snapshot: events
    /// that are not read yet may still belong to the configuration before.</summary>
    public Configuration? Installed => _host.Membership.Installed;

    /// <summary>The member's counts so far.</summary>
    public NodeStatistics Statistics => NodeStatistics.Of(_host.Counters);

    /// <summary>The last 64 changes of membership, the oldest first, each with what was behind it.</summary>
    public IReadOnlyList<ChangeRecord> Changes => _host.Witness.Records;

    /// <summary>Where this member's status socket lies; null when it has none.</summary>
    public string? StatusSocketPath => _host.Desk.SocketPath;

    /// <summary>The member at this moment: who, where, with whom, since when, how fast, and whether somebody should
    /// look at it. Also after the end.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<MemberStatus> GetStatusAsync(CancellationToken cancellationToken = default) =>
        _host.Waits.WatchAsync(
            _host.Desk.GetStatusAsync(withGroups: true, cancellationToken).AsTask(), nameof(GetStatusAsync));

    /// <summary>Why a ring was installed; null when that is more than 64 changes ago, or nothing is known of it. A
    /// <see cref="DeliveryHandler"/> may ask.</summary>
    /// <param name="ring">The ring of a regular configuration.</param>
    public ChangeRecord? FindChange(RingId ring) => _host.Witness.Find(ring);

    /// <summary>Ends when the member has ended: normally after <see cref="LeaveAsync"/>, with a
    /// <see cref="RingFailedException"/> if it stopped by itself.</summary>
    public Task Completion => _host.Completion;

    /// <summary>How this member runs.</summary>
    public TotemNodeOptions Options => _options;

    internal RingHost Host => _host;

    /// <summary>Opens the sockets, reads the ring sequence and begins to look for a ring.</summary>
    /// <param name="options">How; see <see cref="TotemNodeOptions.Loopback"/> and
    /// <see cref="TotemNodeOptions.FromCorosyncConf"/>.</param>
    /// <param name="cancellationToken">Ends the start, not the member.</param>
    /// <returns>The member, on its way into a ring:
    /// <see cref="WaitForMembersAsync(int, CancellationToken)"/> tells when it is there.</returns>
    /// <exception cref="ArgumentException">The options contradict themselves; the message lists
    /// every problem.</exception>
    /// <exception cref="TransportException">An address cannot be bound, or every loopback slot is taken.</exception>
    /// <exception cref="InvalidDataException">The stored bytes are no ring sequence.</exception>
    /// <exception cref="IOException">The ring sequence cannot be read.</exception>
    public static Task<TotemNode> StartAsync(TotemNodeOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var problems = options.Validate();
        if (problems.Count > 0)
            throw new ArgumentException(string.Join(Environment.NewLine, problems), nameof(options));
        return Task.Run(() => Start(options), cancellationToken);
    }

    /// <summary>
    /// Messages and configuration changes in one order, the same at every member as far as extended virtual synchrony
    /// promises. One reader at a time. A message that it does not take in time stays on the ring and slows everybody
    /// down (<see cref="TotemNodeOptions.MaxStreamBytes"/>), except that a node which is in a group, and whose own
    /// stream nobody has begun to read when it is full, drops it for good. Ends when the member has left; what came
    /// before is read first.
    /// </summary>
    /// <exception cref="InvalidOperationException">A handler takes the deliveries, the node receives nothing, or
    /// somebody reads already.</exception>
    /// <exception cref="RingFailedException">The member stopped by itself; thrown behind the last event.</exception>
    public IAsyncEnumerable<TotemEvent> ReadEventsAsync(CancellationToken cancellationToken = default)
    {
        if (_host.IsStreamDropped)
            throw new InvalidOperationException("the node is used for groups, and nobody had begun to read its own "
                + "events when they overflowed");
        if (!_options.Receives)
            throw new InvalidOperationException("this node keeps no events: it was started with "
                + $"{nameof(TotemNodeOptions.Receives)} = false");
        return _host.Stream?.ReadAsync(cancellationToken)
            ?? throw new InvalidOperationException($"{nameof(TotemNodeOptions.OnDelivery)} takes the deliveries of "
                + "this member");
    }

    /// <summary>
    /// Multicasts a message to all members, this one included. Completes when the message is accepted: it will be
    /// multicast unless the member stops, in the configuration that is installed then. While the queues are full it
    /// waits, first come first served.
    /// </summary>
    /// <param name="payload">Up to <see cref="RingOptions.MaxMessageBytes"/> bytes; must not change
    /// until the task has completed.</param>
    /// <param name="guarantee">Agreed or safe.</param>
    /// <param name="cancellationToken">Gives up waiting; an accepted message is not taken back.</param>
    /// <exception cref="ArgumentException">The payload is too long, or the guarantee is none.</exception>
    /// <exception cref="InvalidOperationException">More than
    /// <see cref="TotemNodeOptions.MaxWaitingMulticasts"/> calls wait.</exception>
    /// <exception cref="ObjectDisposedException">The member leaves or has left.</exception>
    /// <exception cref="RingFailedException">The member stopped by itself.</exception>
    public ValueTask MulticastAsync(
        ReadOnlyMemory<byte> payload, Guarantee guarantee = Guarantee.Agreed,
        CancellationToken cancellationToken = default)
        => _host.Waits.WatchAsync(
            _host.Submissions.AddAsync(new Submission(SubmissionKind.Ring, guarantee), payload, cancellationToken),
            nameof(MulticastAsync));

    /// <summary>Multicasts a message if there is room for it now. The payload is copied.</summary>
    /// <returns><see cref="SubmitResult.Backpressured"/> when the queues are full or others wait for room; then
    /// <see cref="MulticastAsync"/> waits for it.</returns>
    /// <exception cref="ArgumentException">The payload is too long, or the guarantee is none.</exception>
    public SubmitResult TryMulticast(ReadOnlySpan<byte> payload, Guarantee guarantee = Guarantee.Agreed)
        => _host.Submissions.TryAdd(new Submission(SubmissionKind.Ring, guarantee), payload);

    /// <summary>The members of the present configuration have agreed on who is in which group, so
    /// that messages are sent.</summary>
    public bool IsSynchronized => _host.Groups.IsSynchronized;

    /// <summary>The configuration whose members agreed last; null before the first. A snapshot.</summary>
    public Configuration? Synchronized => _host.Groups.Synchronized;

    /// <summary>Told on the ring's thread each time that the members of a configuration have agreed, behind the changes
    /// that this made in groups and before anything that comes after it. It must be quick and must not block; what it
    /// throws stops the member. Null, the default, for nobody.</summary>
    public Action<Configuration>? OnSynchronized
    {
        get => _host.Groups.OnSynchronized;
        set => _host.Groups.OnSynchronized = value;
    }

    /// <summary>Waits until <see cref="IsSynchronized"/>; ends at once when it is so.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="ObjectDisposedException">The member has left.</exception>
    /// <exception cref="RingFailedException">The member stopped by itself.</exception>
    public Task WaitSynchronizedAsync(CancellationToken cancellationToken = default) =>
        _host.Waits.WatchAsync(
            _host.Groups.Synchronization.WaitAsync(cancellationToken), nameof(WaitSynchronizedAsync));

    /// <summary>A sink of a group that could take nothing more can again, whichever it is
    /// (<see cref="IGroupSink.HasRoom"/>).</summary>
    public void Resume() => _host.Groups.Wake();

    /// <summary>Joins a group; it exists as long as somebody is in it. Ends when this member's join has
    /// taken its place in the order.</summary>
    /// <param name="name">1 to 128 bytes.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Gives up waiting, and leaves.</param>
    /// <exception cref="InvalidOperationException">This process is in the group, or on its way in
    /// or out; or there are too many members.</exception>
    /// <exception cref="ObjectDisposedException">The node has left.</exception>
    /// <exception cref="RingFailedException">The node stopped by itself.</exception>
    public Task<TotemGroup> JoinAsync(
        GroupName name, GroupJoinOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _host.Waits.WatchAsync(
            FacadeAsync(_host.Groups.JoinAsync(Id, name, options ?? new GroupJoinOptions(), cancellationToken)),
            nameof(JoinAsync));
    }

    /// <inheritdoc cref="JoinAsync(GroupName, GroupJoinOptions?, CancellationToken)"/>
    /// <exception cref="ArgumentException">The name is empty, too long, or no text that UTF-8 can say.</exception>
    public Task<TotemGroup> JoinAsync(
        string name, GroupJoinOptions? options = null, CancellationToken cancellationToken = default) =>
        JoinAsync(new GroupName(name), options, cancellationToken);

    /// <summary>Like <see cref="JoinAsync(GroupName, GroupJoinOptions?, CancellationToken)"/>, but
    /// ends when the join is on its way.</summary>
    /// <exception cref="InvalidOperationException">This process is in the group, or on its way in
    /// or out; or there are too many members.</exception>
    public Task<TotemGroup> BeginJoinAsync(
        GroupName name, GroupJoinOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _host.Waits.WatchAsync(
            FacadeAsync(_host.Groups.BeginJoinAsync(Id, name, options ?? new GroupJoinOptions(), cancellationToken)),
            nameof(BeginJoinAsync));
    }

    /// <summary>The members of a group, whether this process is one or not; empty when there is no such
    /// group.</summary>
    public Task<IReadOnlyList<GroupMember>> GetMembersAsync(
        GroupName name, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _host.Waits.WatchAsync(
            _host.Groups.AskAsync(processor => processor.MembersOf(name), cancellationToken), nameof(GetMembersAsync));
    }

    /// <inheritdoc cref="BeginJoinAsync(GroupName, GroupJoinOptions?, CancellationToken)"/>
    /// <exception cref="ArgumentException">The name is empty, too long, or no text that UTF-8 can say.</exception>
    public Task<TotemGroup> BeginJoinAsync(
        string name, GroupJoinOptions? options = null, CancellationToken cancellationToken = default) =>
        BeginJoinAsync(new GroupName(name), options, cancellationToken);

    /// <inheritdoc cref="GetMembersAsync(GroupName, CancellationToken)"/>
    /// <exception cref="ArgumentException">The name is empty, too long, or no text that UTF-8 can say.</exception>
    public Task<IReadOnlyList<GroupMember>> GetMembersAsync(
        string name, CancellationToken cancellationToken = default) =>
        GetMembersAsync(new GroupName(name), cancellationToken);

    /// <summary>Every group that anybody on the ring is in, the newest first.</summary>
    public Task<IReadOnlyList<GroupRoster>> GetGroupsAsync(
        CancellationToken cancellationToken = default) =>
        _host.Waits.WatchAsync(
            _host.Groups.AskAsync(processor => processor.AllGroups(), cancellationToken), nameof(GetGroupsAsync));

    /// <summary>
    /// Asks all members of the ring, real daemons among them, to read their configuration again, as <c>corosync-cfgtool
    /// -R</c> does: a new key, cipher or hash is in use everywhere a moment later, and no message is lost. Where a
    /// member was not configured by a file, it reads its key file again. Completes when the message is accepted.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The member leaves or has left.</exception>
    /// <exception cref="RingFailedException">The member stopped by itself.</exception>
    public ValueTask ReloadAsync(CancellationToken cancellationToken = default)
    {
        var message = new byte[KeyChange.ReloadBytes];
        KeyChange.WriteReload(message, Id.Value);
        return _host.Waits.WatchAsync(
            _host.Submissions.AddAsync(new Submission(SubmissionKind.Service, Guarantee.Safe), message,
                cancellationToken), nameof(ReloadAsync));
    }

    /// <summary>Waits until a configuration of at least that many members is installed.</summary>
    /// <param name="count">1 to as many as can be on the ring: the nodes of the configuration, 14
    /// on the loopback.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="ArgumentOutOfRangeException">There can never be so many, or always are.</exception>
    /// <exception cref="ObjectDisposedException">The member has left.</exception>
    /// <exception cref="RingFailedException">The member stopped by itself.</exception>
    public Task<Configuration> WaitForMembersAsync(int count, CancellationToken cancellationToken = default)
    {
        var most = _host.Allowed.Count;
        if (count < 1 || count > most)
            throw new ArgumentOutOfRangeException(
                nameof(count), $"{count} members, expected 1 to the {most} that can be on this ring");
        return WaitForMembersAsync(members => members.Count >= count, cancellationToken);
    }

    /// <summary>Waits until a configuration with the right members is installed.</summary>
    /// <param name="condition">Asked now and at each new configuration, then on the ring's thread:
    /// it must be quick.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="ObjectDisposedException">The member has left.</exception>
    /// <exception cref="RingFailedException">The member stopped by itself.</exception>
    public Task<Configuration> WaitForMembersAsync(
        Func<ProcessorSet, bool> condition, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(condition);
        return _host.Waits.WatchAsync(
            _host.Membership.WaitAsync(configuration => condition(configuration.Members), cancellationToken),
            nameof(WaitForMembersAsync));
    }

    /// <summary>
    /// Multicasts what was accepted (for at most <see cref="TotemNodeOptions.FlushTimeout"/>), says goodbye, so that
    /// the others need no timeout, and stops. New messages are refused from now on. A <see cref="DeliveryHandler"/> may
    /// begin it and must return: the ring's thread cannot wait for itself.
    /// </summary>
    /// <exception cref="RingFailedException">The member stopped by itself before.</exception>
    /// <exception cref="InvalidOperationException">A handler waits for it, and would wait for ever; or a handler does
    /// not return at all. On the ring's thread the same of every other wait for the ring.</exception>
    /// <param name="cancellationToken">Gives up waiting; the member leaves all the same.</param>
    public Task LeaveAsync(CancellationToken cancellationToken = default)
    {
        _host.Leave();
        return _host.Waits.WatchEndAsync(
            Completion.WaitAsync(cancellationToken), nameof(LeaveAsync), _options.FlushTimeout);
    }

    /// <summary>Leaves as <see cref="LeaveAsync"/> does, and does not throw, except when a handler waits for it. Events
    /// that were delivered can still be read.</summary>
    /// <exception cref="InvalidOperationException">A handler waits for it, and would wait for ever;
    /// or a handler does not return at all.</exception>
    public ValueTask DisposeAsync()
    {
        _host.Leave();
        return new ValueTask(_host.Waits.WatchEndAsync(EndAsync(), nameof(DisposeAsync), _options.FlushTimeout));

        async Task EndAsync() => await Completion.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>For people: the id and where it stands.</summary>
    public override string ToString() =>
        $"node {Id} ({_options.Transport.Kind}), {Installed?.ToString() ?? "no configuration yet"}";

    private static async Task<TotemGroup> FacadeAsync(Task<HostedGroup> joining) =>
        new(await joining.ConfigureAwait(false));

    private static TotemNode Start(TotemNodeOptions options)
    {
        var counters = new NodeCounters();
        var logger = options.LoggerFactory?.CreateLogger("Totem.Transport");
        IRingTransport transport = options.Transport.Kind == UdpTransportKind.Knet
            ? KnetTransport.Open(options.Transport, options.Ring.Self, options.Ring.TokenTimeout, counters, logger)
            : UdpTransport.Open(options.Transport, options.Ring.Self, counters, logger);
        try
        {
            var host = new RingHost(options, transport, counters);
            var node = new TotemNode(options, transport.Self, host);
            host.Start();
            return node;
        }
        catch
        {
            transport.Dispose();
            throw;
        }
    }
}
