using System.Globalization;
using Totem.Core.Groups;

namespace Totem.Simulation.Groups;

/// <summary>The rule that a course of a <see cref="GroupModel"/> broke.</summary>
internal sealed class GroupModelException(string message) : Exception(message);

/// <summary>
/// Up to four processors with processes in groups on a model of the total order, whose rings change and whose members
/// die at every step of every synchronisation, in every order in which the messages of one may come. Each course ends
/// with quiet, and then all must agree, nobody must be listed who is gone, and those who came along together must have
/// been told the same.
/// </summary>
internal sealed class GroupModel
{
    private const int StepsMax = 10_000;

    /// <summary>A process that comes after the others, so that it need not have heard what they did.</summary>
    private const uint LatePid = 90;

    private readonly Choices _choices;
    private readonly List<ModelProcessor> _alive = [];
    private readonly List<ModelMessage> _held = [];
    private readonly Dictionary<string, (ProcessorId Sender, string Group)> _said = [];
    private readonly bool _isForeign;
    private bool _isMerge;
    private ulong _sequence = 1;

    private GroupModel(Choices choices, int processors, bool isForeign)
    {
        _choices = choices;
        _isForeign = isForeign;
        for (var i = 1; i <= processors; i++)
            _alive.Add(new ModelProcessor(new ProcessorId((uint)i), isForeign));
    }

    /// <summary>Runs every course; returns how many there were.</summary>
    /// <param name="processors">2 to 4.</param>
    /// <param name="isForeign">With corosync's encoding and phases.</param>
    /// <param name="isMerge">The synchronisation that is disturbed joins two halves; otherwise it
    /// follows a ring of the same members.</param>
    /// <param name="deaths">One or two, in two synchronisations one after the other.</param>
    /// <exception cref="GroupModelException">A course broke a promise; the message has its choices.</exception>
    public static long Explore(int processors, bool isForeign, bool isMerge, int deaths) =>
        Choices.Explore(choices => Run(choices, processors, isForeign, isMerge, deaths));

    /// <summary>Runs one course again.</summary>
    public static void Replay(string path, int processors, bool isForeign, bool isMerge, int deaths) =>
        Choices.Replay(path, choices => Run(choices, processors, isForeign, isMerge, deaths));

    /// <summary>The first broken promise of a small exploration, or null: for those who break the
    /// rules on purpose.</summary>
    public static string? FirstBroken()
    {
        try
        {
            foreach (var isForeign in (bool[])[false, true])
            {
                foreach (var isMerge in (bool[])[false, true])
                    Explore(3, isForeign, isMerge, deaths: 1);
            }

            return null;
        }
        catch (GroupModelException broken)
        {
            return broken.Message;
        }
    }

    private static void Run(Choices choices, int processors, bool isForeign, bool isMerge, int deaths)
    {
        var model = new GroupModel(choices, processors, isForeign);
        model.SetUp(isMerge);
        for (var i = 0; i < deaths; i++)
            model.Disturb(inAnyOrder: i == 0);
        model.Finish();
    }

    private void SetUp(bool isMerge)
    {
        _isMerge = isMerge;
        ChangeRing(_alive);
        Settle(_alive);
        var g1 = _alive[0].Join("g", 11);
        var g2 = _alive[1].Join("g", 21);
        _alive[1].Join("h", 22);
        if (_alive.Count > 2)
        {
            _alive[2].Join("g", 33);
            _alive[2].Join("h", 31);
        }

        if (_alive.Count > 3)
            _alive[3].Join("g", 41);
        Settle(_alive);
        _alive.ForEach(x => x.ForgetLog());

        if (isMerge)
        {
            var half = _alive.Count / 2;
            var (left, right) = (_alive[..half], _alive[half..]);
            ChangeRing(left);
            Settle(left);
            ChangeRing(right);
            // While they are apart, each side changes: a process comes, and one goes whose leave
            // the others cannot hear of.
            right[0].Join("g", LatePid);
            if (half == 1)
                right[0].Leave(g2);
            Settle(right);
        }

        // These wait while the ring changes, and must come behind its synchronisation, once and whole.
        Say(_alive[0], g1, "first");
        if (!isMerge)
            _alive[1].Leave(g2);
        var last = _alive[^1];
        Say(last, last.Join("k", 91), "late");
        ChangeRing(_alive);
    }

    private void Say(ModelProcessor processor, GroupMembership membership, string text)
    {
        _said.Add(text, (processor.Id, membership.Group.ToString()));
        processor.Send(membership, text);
    }

    /// <summary>Somebody dies, or the ring just changes, at some step of the synchronisation that runs.</summary>
    private void Disturb(bool inAnyOrder)
    {
        var victim = _choices.Choose(_alive.Count + 1);
        var gone = victim < _alive.Count ? _alive[victim] : null;
        var steps = _choices.Choose((_isForeign ? 3 : 2) * _alive.Count + 2);
        // Messages that the survivors have not delivered when the ring breaks. The victim has, and may have answered.
        var held = Math.Min(steps, _choices.Choose(3));
        for (var step = 0; step < steps; step++)
        {
            var able = _alive.FindAll(x => x.CanAppend);
            if (able.Count == 0)
            {
                // Nothing more can come before what is held is delivered: there is no such course.
                DeliverHeld(gone);
                return;
            }

            Append(
                able[inAnyOrder ? _choices.Choose(able.Count) : step % able.Count], isHeld: step >= steps - held, gone);
        }

        var returns = gone is not null && _choices.Choose(2) == 1;
        if (gone is not null)
            _alive.Remove(gone);
        // Its last words may be lost with it, and those behind them are withheld; survivors have their own.
        var ofVictim = _held.Count(x => x.Sender == gone?.Id);
        var kept = ofVictim == 0 ? 0 : _choices.Choose(ofVictim + 1);
        _held.RemoveAll(x => x.Sender == gone?.Id && kept-- <= 0);
        if (_alive.Count == 0)
            return;
        // One survivor may have delivered more than the others before it heard that the ring is over.
        var early = _choices.Choose(_held.Count + 1);
        foreach (var message in _held.Take(early))
            _alive[0].Deliver(message);
        ChangeRing(_alive, early, returns ? gone!.Id : default);
    }

    private void DeliverHeld(ModelProcessor? alreadyAt)
    {
        foreach (var message in _held)
            _alive.ForEach(x => DeliverUnless(x == alreadyAt, x, message));
        _held.Clear();

        static void DeliverUnless(bool isAlready, ModelProcessor processor, ModelMessage message)
        {
            if (!isAlready)
                processor.Deliver(message);
        }
    }

    private void Append(ModelProcessor processor, bool isHeld, ModelProcessor? eager = null)
    {
        var message = processor.Append();
        if (isHeld)
        {
            _held.Add(message);
            eager?.Deliver(message);
            return;
        }

        foreach (var receiver in _alive)
        {
            if (receiver.Ring == message.Ring)
                receiver.Deliver(message);
        }
    }

    /// <summary>These come along to a new ring; what is held is delivered in between, and a
    /// processor may start afresh on it.</summary>
    private void ChangeRing(List<ModelProcessor> members, int early = 0, ProcessorId fresh = default)
    {
        var ring = new RingId(members[0].Id, _sequence += 4);
        var comers = fresh.IsNone ? [] : (ModelProcessor[])[new ModelProcessor(fresh, _isForeign) { IsFresh = true }];
        var all = ProcessorSet.Of([.. members.Concat(comers).Select(x => x.Id)]);
        foreach (var member in members)
            member.SwitchTo(ring);
        foreach (var member in members)
        {
            var old = member.Previous;
            if (old != default)
            {
                var transitional = ProcessorSet.Of([.. members.Where(x => x.Previous == old).Select(x => x.Id)]);
                member.Install(new Configuration(ConfigurationKind.Transitional, ring, old, transitional));
                foreach (var message in _held.Skip(member == members[0] ? early : 0))
                    member.Deliver(message);
            }

            member.Install(new Configuration(ConfigurationKind.Regular, ring, old, all));
        }

        foreach (var comer in comers)
        {
            comer.SwitchTo(ring);
            comer.Install(new Configuration(ConfigurationKind.Regular, ring, default, all));
            _alive.Add(comer);
        }

        _held.Clear();
    }

    /// <summary>Everything that waits is delivered, in turn.</summary>
    private void Settle(List<ModelProcessor> members)
    {
        for (var steps = 0; members.Find(x => x.CanAppend) is { } able; steps++)
        {
            if (steps > StepsMax)
                throw Break("no end of messages");
            Append(able, isHeld: false);
        }
    }

    private void Finish()
    {
        Settle(_alive);
        var expected = string.Join("; ", _alive
            .SelectMany(x => x.Own.Where(m => m.State == GroupMembershipState.Joined)
                .Select(m => (m.Group, Member: new GroupMember(x.Id, m.Pid))))
            .GroupBy(x => x.Group.ToString(), x => x.Member, StringComparer.Ordinal)
            .OrderBy(x => x.Key, StringComparer.Ordinal)
            .Select(x => $"{x.Key} {string.Join(' ', x.Order())}"));
        foreach (var processor in _alive)
        {
            if (processor.Broken is { } broken)
                throw Break(broken);
            if (!processor.Layer.IsSynchronized)
                throw Break($"{processor.Id} has not synchronised");
            if (processor.Own.FirstOrDefault(x => x.State is GroupMembershipState.Joining
                or GroupMembershipState.Leaving) is { } stuck)
                throw Break($"{processor.Id} has a membership of {stuck.Group} that is {stuck.State}");
            if (processor.Table != expected)
                throw Break($"{processor.Id} believes {processor.Table}, expected {expected}");
        }

        CheckSaid();
        foreach (var a in _alive)
        {
            foreach (var b in _alive)
                CompareLogs(a, b);
        }
    }

    /// <summary>A survivor's message is heard once by every survivor that was in the group.</summary>
    private void CheckSaid()
    {
        foreach (var (text, (sender, group)) in _said)
        {
            if (_alive.Find(x => x.Id == sender) is not { } alive || !alive.Own.Any())
                continue;
            foreach (var processor in _alive)
            {
                var wasThere = processor.Own.Any(x => x.Group.ToString() == group && x.Pid != LatePid);
                var heard = processor.Log.Count(x => x.EndsWith($"says {text}", StringComparison.Ordinal));
                if (wasThere ? heard != 1 : heard > 1)
                    throw Break($"{processor.Id} heard \"{text}\" {heard} times");
            }
        }
    }

    /// <summary>From a common synchronisation on (or always, if they were together all the time) both were told the
    /// same of the groups both are in.</summary>
    private void CompareLogs(ModelProcessor a, ModelProcessor b)
    {
        var areOld = !_isMerge && !a.IsFresh && !b.IsFresh;
        var common = areOld ? "" : a.Log.FirstOrDefault(x => x.StartsWith("ring", StringComparison.Ordinal)
            && b.Log.Contains(x, StringComparer.Ordinal));
        if (common is null)
            throw Break($"{a.Id} and {b.Id} have not synchronised with each other");
        var groups = a.Own.Select(x => x.Group.ToString())
            .Intersect(b.Own.Select(x => x.Group.ToString()), StringComparer.Ordinal).ToList();
        // One that has come since knows nothing of what was before.
        groups.RemoveAll(x => a.Own.Concat(b.Own).Any(m => m.Pid == LatePid && m.Group.ToString() == x));
        var (ofA, ofB) = (Since(a), Since(b));
        if (!ofA.SequenceEqual(ofB, StringComparer.Ordinal))
        {
            throw Break(string.Create(CultureInfo.InvariantCulture, $"""
                {a.Id} and {b.Id} were told different things
                {a.Id}: {string.Join(" | ", ofA)}
                {b.Id}: {string.Join(" | ", ofB)}
                """));
        }

        List<string> Since(ModelProcessor processor) => [.. processor.Log
            .SkipWhile(x => common.Length > 0 && x != common)
            .Where(x => !x.Contains(": only ", StringComparison.Ordinal))
            .Where(x => x.StartsWith("ring", StringComparison.Ordinal)
                || groups.Exists(group => x.StartsWith(group + ":", StringComparison.Ordinal)))];
    }

    private GroupModelException Break(string what) => new($"{what}{Environment.NewLine}choices: {_choices.Path}");
}
