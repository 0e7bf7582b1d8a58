namespace Totem.Tests.Mutation;

/// <summary>Rules of kronosnet, each broken once in its source: rings on it must notice.</summary>
public sealed class KnetMutationTests
{
    /// <summary>Scenarios a mutant may survive.</summary>
    private const int ScenariosMax = 3000;

    public static TheoryData<Mutant> Mutants { get; } =
    [
        new("marks no number as delivered", "Sequence/PeerSequence.cs",
            "_window.MarkDelivered(seq);", "_ = seq;",
            "knet"),
        new("takes a message for another member", "PacketReceiver.cs",
            "data.Destination != 0 && data.Destination != options.Now.Self", "false",
            "knet"),
        new("lets a life that has not proven itself speak", "PacketReceiver.cs",
            "        if (arrival.Trust == Trust.Unproven)\n            return Drop(KnetDiscard.UnprovenLife);\n", "",
            "knet"),
        new("takes every counter for new", "Aead/ReplayWindow.cs",
            "return Highest - counter < Counters && (_seen[Word(counter)] & Bit(counter)) == 0;", "return true;",
            "knet"),
        new("reads packets without a key", "Keys/KeyConfigurations.cs",
            "return AllowsClear;", "return true;",
            "knet"),
        new("keeps the old keys", "Keys/KeyConfigurations.cs",
            "        _other?.Dispose();\n        _other = null;\n        AllowsClear", "        AllowsClear",
            "knet"),
        new("compares no MAC", "Crypto/PacketMac.cs",
            "        if (!CryptographicOperations.FixedTimeEquals(expected, datagram[^Bytes..]))\n            return "
                + "false;\n", "",
            "knet"),
        new("joins the fragments of different messages", "Sequence/Defragmenter.cs",
            "if (partial.Seq == seq)", "if (partial.Seq <= seq)",
            "knet"),
        new("begins a change of keys in the middle of another", "KeyChange.cs",
            "if (machine.RekeyPhase == RekeyPhase.Settled)\n        {",
            "if (machine.RekeyPhase >= RekeyPhase.Settled)\n        {",
            "view", "keys"),
        new("sends a token again over the link that lost it", "Links/KnetPeer.cs",
            "if (message.SequenceEqual(_lastMessage.AsSpan(0, _lastLength)))", "if (message.IsEmpty)",
            "view"),
        new("never takes a link down", "Links/LinkLiveness.cs",
            "now - last >= _adjustedTimeout ? GoDown()", "now < last ? GoDown()",
            "view", "2.5", "liveness"),
    ];

    [Theory]
    [MemberData(nameof(Mutants), DisableDiscoveryEnumeration = true)]
    public void A_broken_rule_is_noticed(Mutant mutant)
    {
        ArgumentNullException.ThrowIfNull(mutant);
        var kronosnet = MutatedCore.CompileKnet(mutant);
        var seen = new SortedDictionary<string, int>(StringComparer.Ordinal);
        for (var seed = 1UL; seed <= ScenariosMax; seed++)
        {
            if (kronosnet.BrokenKnetRule(seed) is not { } rule)
                continue;
            if (mutant.Rules.Contains(rule, StringComparer.Ordinal))
                return;
            seen[rule] = seen.GetValueOrDefault(rule) + 1;
        }

        Assert.Fail($"A member that {mutant.Name} was not noticed under {string.Join(" or ", mutant.Rules)} in "
            + $"{ScenariosMax} scenarios; rules it broke: {string.Join(", ", seen)}.");
    }
}
