using Totem.Tests.Requirements;

namespace Totem.Tests.Sheepdog.Native;

/// <summary>A test that builds <c>libtotem_sheepdog.so</c> and programs in C that use it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SheepdogNativeFactAttribute : FactAttribute
{
    public SheepdogNativeFactAttribute() => Skip = Requirement.SkipUnless(SheepdogNativeTheoryAttribute.Missing());
}

/// <summary>The same, once per row of data.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class SheepdogNativeTheoryAttribute : TheoryAttribute
{
    public SheepdogNativeTheoryAttribute() => Skip = Requirement.SkipUnless(Missing());

    internal static string? Missing()
        => Requirement.Linux()
            ?? Requirement.Command("gcc", "gcc")
            ?? Requirement.Command("make", "make")
            ?? Requirement.Command("readelf", "binutils");
}
