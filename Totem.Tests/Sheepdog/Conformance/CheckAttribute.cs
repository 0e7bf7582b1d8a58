namespace Totem.Tests.Sheepdog.Conformance;

/// <summary>
/// The numbers that a test is for: checks A-n of the drivers' contract, and faults F-n of drivers before ours that ours
/// could have. <see cref="CheckTableTests"/> sees to it that none is without a test.
/// </summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class CheckAttribute(params string[] numbers) : Attribute
{
    public IReadOnlyList<string> Numbers => numbers;
}
