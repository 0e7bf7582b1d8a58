namespace Totem;

/// <summary>The kinds of <see cref="GroupDelivery"/>.</summary>
public enum GroupDeliveryKind
{
    /// <summary>An element of the ring's own stream: a configuration change, or a message to all its members.</summary>
    Ring,

    /// <summary>A message to a group.</summary>
    Message,

    /// <summary>A group's membership has changed.</summary>
    Change,

    /// <summary>
    /// Some members did not come along. The messages that follow were sent before, and reach only those who came along:
    /// <see cref="GroupDelivery.Change"/> names them. A <see cref="Change"/> follows when the members of the next
    /// configuration have synchronised.
    /// </summary>
    Transitional,

    /// <summary>The members of the configuration have synchronised; group messages may be sent (again).</summary>
    Synchronized,

    /// <summary>Another member asks this processor to stop (corosync's <c>cfg kill</c>);
    /// <see cref="GroupDelivery.Text"/> says why.</summary>
    KillRequested,

    /// <summary>A member asks all to read their configuration again (corosync's <c>cfg reload</c>).</summary>
    ReloadRequested,

    /// <summary><see cref="GroupDelivery.Node"/> takes step <see cref="GroupDelivery.Phase"/> in a
    /// change of keys.</summary>
    KeyStep,
}

/// <summary>One element of the one ordered stream of ring and groups.</summary>
public readonly ref struct GroupDelivery
{
    internal GroupDelivery(scoped in Delivery ring)
    {
        Kind = GroupDeliveryKind.Ring;
        Ring = ring;
        Receivers = [];
    }

    internal GroupDelivery(scoped in Delivery ring, GroupMember sender, IReadOnlyList<GroupMembership> receivers,
        ReadOnlySpan<byte> payload)
    {
        Kind = GroupDeliveryKind.Message;
        Ring = ring;
        Sender = sender;
        Receivers = receivers;
        Payload = payload;
    }

    internal GroupDelivery(scoped in GroupNotice notice)
    {
        Kind = notice.Kind;
        Change = notice.Change;
        Configuration = notice.Configuration;
        Text = notice.Text;
        Node = notice.Node;
        Phase = notice.Phase;
        Receivers = notice.Receivers ?? [];
    }

    /// <summary>Its kind.</summary>
    public GroupDeliveryKind Kind { get; }

    /// <summary>The element of the ring's stream this is, or the message that carried it: its ring,
    /// number and guarantee.</summary>
    public Delivery Ring { get; }

    /// <summary>The memberships of this processor that hear of it. Valid until the next call into
    /// the processor.</summary>
    public IReadOnlyList<GroupMembership> Receivers { get; }

    /// <summary>The member that sent the message.</summary>
    public GroupMember Sender { get; }

    /// <summary>The message. Valid until the next call into the processor; copy what must live longer.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>The membership that begins here, or those who came along.</summary>
    public GroupChange? Change { get; }

    /// <summary>The configuration whose members have synchronised.</summary>
    public Configuration? Configuration { get; }

    /// <summary>Why this processor is asked to stop.</summary>
    public string? Text { get; }

    /// <summary>The processor that asks for a reload, or takes a step in a change of keys.</summary>
    public ProcessorId Node { get; }

    /// <summary>The step: 1 or 2.</summary>
    public int Phase { get; }
}

/// <summary>Something that is not a message, on its way up.</summary>
internal readonly record struct GroupNotice(
    GroupDeliveryKind Kind,
    GroupChange? Change = null,
    Configuration? Configuration = null,
    string? Text = null,
    IReadOnlyList<GroupMembership>? Receivers = null,
    ProcessorId Node = default,
    int Phase = 0);
